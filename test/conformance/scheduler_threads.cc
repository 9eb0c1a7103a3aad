// Goroutines and OS threads: lock_os_thread, and ordinary threads that use gort.
//
// A std::thread is joined inside blocking(), since join would otherwise stop the goroutine's own
// thread.
// Not here: blocking itself (scheduler_tasks.cc).

#include <gort/go.hpp>

#include "support.h"

#include <sys/syscall.h>
#include <unistd.h>
#include <mutex>
#include <thread>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;

namespace {

pid_t thread_id() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

bool thread_exists(pid_t tid) {
  return ::access(("/proc/self/task/" + std::to_string(tid)).c_str(), F_OK) == 0;
}

// Runs f on `n` ordinary threads at once and waits for them without stopping other goroutines.
template <class F>
void on_threads(int n, F f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i) threads.emplace_back([&f, i] { f(i); });
  gort::blocking([&] {
    for (auto& t : threads) t.join();
  });
}

}  // namespace

TEST_CASE("a locked goroutine stays on its thread, and no other runs there") {  // 31
  NoGoroutineLeft leak;
  auto c = make<chan<int>>();
  auto back = make<chan<int>>();
  std::atomic<pid_t> locked_on{0};
  std::atomic<bool> stop{false};
  std::atomic<int> intruders{0};
  gort::wait_group others;
  Started locked([&, c, back] {
    gort::lock_os_thread();
    locked_on = thread_id();
    int moved = 0;
    for (int i = 0; i < 10; ++i) {
      moved += c.recv() != i;
      moved += thread_id() != locked_on.load();
      back.send(i);
      moved += thread_id() != locked_on.load();
      gort::yield();
      moved += thread_id() != locked_on.load();
    }
    CHECK(moved == 0);
    locked_on = 0;
    gort::unlock_os_thread();
  });
  for (int i = 0; i < 4; ++i) {
    others.go([&] {
      while (!stop.load()) {
        intruders += thread_id() == locked_on.load();
        gort::yield();
      }
    });
  }
  int wrong = 0;
  for (int i = 0; i < 10; ++i) {
    gort::sleep(1ms);
    c.send(i);
    wrong += back.recv() != i;
  }
  CHECK(wrong == 0);
  CHECK(locked.ends());
  stop = true;
  others.wait();
  CHECK(intruders.load() == 0);
}

TEST_CASE("a goroutine that ends while locked takes its thread with it") {  // 31
  NoGoroutineLeft leak;
  auto tid = make<chan<pid_t>>(1);
  gort::go([=] {
    gort::lock_os_thread();
    tid.send(thread_id());
  });
  const pid_t gone = *tid.recv();
  CHECK(gone != 0);
  CHECK(eventually([=] { return !thread_exists(gone); }));
}

TEST_CASE("lock_os_thread counts: the thread is let go by the last unlock") {  // 31
  NoGoroutineLeft leak;
  std::atomic<int> moved{0};
  Started nested([&] {
    gort::lock_os_thread();
    gort::lock_os_thread();
    gort::unlock_os_thread();
    const pid_t mine = thread_id();
    for (int i = 0; i < 20; ++i) {
      gort::sleep(100us);
      moved += thread_id() != mine;
    }
    gort::unlock_os_thread();
    gort::yield();
  });
  CHECK(nested.ends());
  CHECK(moved.load() == 0);
}

TEST_CASE("two locked goroutines hand values to each other") {  // 31
  NoGoroutineLeft leak;
  auto c = make<chan<int>>();
  auto d = make<chan<int>>();
  const int rounds = scaled(500);
  auto half = [=](chan<int> in, chan<int> out) {
    gort::lock_os_thread();
    for (int i = 0; i < rounds; ++i) out.send(*in.recv() + 1);
    gort::unlock_os_thread();
  };
  Started first([=] { half(c, d); });
  int sum = 0;
  gort::lock_os_thread();
  for (int i = 0; i < rounds; ++i) {
    c.send(i);
    sum += *d.recv() - i;
  }
  gort::unlock_os_thread();
  CHECK(sum == rounds);
  CHECK(first.ends());
}

TEST_CASE("ordinary threads send to and receive from goroutines") {
  NoGoroutineLeft leak;
  const int values = scaled(2'000);
  for (int capacity : {0, 3}) {
    auto in = make<chan<int>>(capacity);
    auto out = make<chan<int>>(capacity);
    gort::go([=] {
      for (int v : in) out.send(v + 1);
      out.close();
    });
    long sum = 0;
    std::thread receiver([&] {
      for (int v : out) sum += v;
    });
    std::thread sender([&] {
      for (int i = 0; i < values; ++i) in.send(i);
      in.close();
    });
    gort::blocking([&] {
      sender.join();
      receiver.join();
    });
    CHECK(sum == static_cast<long>(values) * (values + 1) / 2);
  }
}

TEST_CASE("an ordinary thread blocks in select, sleep, mutex and wait_group like a goroutine") {
  NoGoroutineLeft leak;
  auto a = make<chan<int>>();
  auto b = make<chan<int>>();
  gort::mutex m;
  gort::wait_group group;
  group.add(1);
  m.lock();
  std::atomic<int> stage{0};
  std::thread thread([&] {
    std::optional<int> x;
    if (gort::select(gort::on_recv(a, x), gort::on_recv(b, x)) == 1 && x == 5) stage = 1;
    m.lock();
    m.unlock();
    stage = 2;
    group.wait();
    stage = 3;
    const auto start = Clock::now();
    gort::sleep(5ms);
    if (Clock::now() - start >= 5ms) stage = 4;
    if (gort::select(gort::on_recv(a, x), gort::on_timeout(1ms)) == 1) stage = 5;
  });
  gort::sleep(5ms);
  CHECK(stage.load() == 0);
  b.send(5);
  CHECK(eventually([&] { return stage.load() == 1; }));
  gort::sleep(5ms);
  CHECK(stage.load() == 1);
  m.unlock();
  CHECK(eventually([&] { return stage.load() == 2; }));
  group.done();
  gort::blocking([&] { thread.join(); });
  CHECK(stage.load() == 5);
}

TEST_CASE("ordinary threads start goroutines and wait for tasks") {
  NoGoroutineLeft leak;
  std::atomic<int> sum{0};
  on_threads(4, [&](int i) {
    auto task = gort::spawn([i] {
      gort::sleep(1ms);
      return i;
    });
    auto started = make<chan<int>>();
    gort::go([=] { started.send(10); });
    sum += task.get() + *started.recv();
    gort::yield();
    sum += gort::blocking([] { return 100; });
  });
  CHECK(sum.load() == 0 + 1 + 2 + 3 + 40 + 400);
}

TEST_CASE("threads and goroutines exclude each other by one mutex") {
  NoGoroutineLeft leak;
  gort::mutex m;
  long counter = 0;
  const int rounds = scaled(5'000);
  gort::wait_group goroutines;
  auto count = [&] {
    for (int i = 0; i < rounds; ++i) {
      std::lock_guard lock(m);
      ++counter;
    }
  };
  for (int i = 0; i < 3; ++i) goroutines.go(count);
  on_threads(3, [&](int) { count(); });
  goroutines.wait();
  CHECK(counter == 6L * rounds);
}

TEST_CASE("threads come and go and leave nothing behind") {
  NoGoroutineLeft leak;
  auto c = make<chan<int>>();
  const int rounds = kSanitized ? 20 : 200;
  gort::go([=] {
    for (int i = 0; i < rounds; ++i) c.send(i);
    c.close();
  });
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    on_threads(1, [&](int) { wrong += c.recv() != i; });
  }
  CHECK(wrong == 0);
  CHECK_FALSE(c.recv().has_value());
}

TEST_CASE("a context wakes an ordinary thread out of its receive") {
  NoGoroutineLeft leak;
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  std::atomic<bool> thrown{false};
  std::thread thread([&, ctx = ctx] {
    try {
      (void)chan<int>{}.recv(ctx);
    } catch (const gort::context_error&) {
      thrown = true;
    }
  });
  gort::sleep(5ms);
  CHECK_FALSE(thrown.load());
  cancel();
  gort::blocking([&] { thread.join(); });
  CHECK(thrown.load());
}

TEST_CASE("goroutine_local works on an ordinary thread") {
  static gort::goroutine_local<int> number;
  static gort::goroutine_local<std::shared_ptr<int>> held;
  auto token = std::make_shared<int>(1);
  *number = 1;
  for (int round = 0; round < 2; ++round) {  // the second threads find nothing of the first
    on_threads(2, [&](int i) {
      CHECK(*number == 0);
      CHECK(*held == nullptr);
      *number = i + 2;
      *held = token;
      gort::sleep(1ms);
      CHECK(*number == i + 2);
    });
    CHECK(token.use_count() == 1);  // destroyed with the threads
  }
  CHECK(*number == 1);
}
