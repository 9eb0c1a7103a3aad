// The scheduler: nothing that runs for long keeps the others from running (Go's proc_test).
//
// A C++ goroutine cannot be stopped at an arbitrary instruction. What gort moves is the right to
// run the others, so a loop that never calls into gort goes on beside them on its own thread; every
// test here that spins without a call relies on that, also with one processor.
// Not here: goroutines' own life (scheduler_goroutines.cc), OS threads (scheduler_threads.cc).

#include <gort/go.hpp>

#include "support.h"

#include <fcntl.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;
using gort::on_default;
using gort::on_recv;
using gort::select;

namespace {

void accept_send_beside_a_spinning_yielder(bool locked) {
  auto c = make<chan<bool>>();
  auto stopped = make<chan<bool>>(1);
  Started spinner([=] {
    if (locked) gort::lock_os_thread();
    std::optional<bool> v;
    while (select(on_recv(c, v), on_default()) == 1) gort::yield();
    if (locked) gort::unlock_os_thread();
  });
  c.send(true);
  CHECK(spinner.ends());
}

}  // namespace

TEST_CASE("a goroutine that spins with yield on a default select gets what main sends") {  // 23
  NoGoroutineLeft leak;
  accept_send_beside_a_spinning_yielder(false);
  accept_send_beside_a_spinning_yielder(true);
}

TEST_CASE("as many goroutines as there are cores run truly in parallel") {  // 24
  NoGoroutineLeft leak;
  const int p = std::min(4, static_cast<int>(gort::num_cpu()));
  Processors enough(p);
  constexpr int kRounds = 3;
  for (int attempt = 0; attempt < 10; ++attempt) {
    std::atomic<int> turn{0};
    gort::wait_group all;
    for (int g = 0; g < p; ++g) {
      all.go([&, g] {
        for (int i = 0; i < kRounds; ++i) {
          const int expected = p * i + g;
          while (turn.load() != expected) {
          }
          turn.store(expected + 1);
        }
      });
    }
    all.wait();
    CHECK(turn.load() == p * kRounds);
  }
}

namespace {

[[gnu::noinline]] void a_call() { asm volatile(""); }

}  // namespace

TEST_CASE("two goroutines that flip a flag in loops of calls get their turns") {  // 25
  NoGoroutineLeft leak;
  Processors one(1);
  std::atomic<int> flag{0};
  gort::wait_group both;
  for (int me = 0; me < 2; ++me) {
    both.go([&, me] {
      for (int i = 0; i < 5; ++i) {
        while (flag.load() != me) a_call();
        flag.store(1 - me);
      }
    });
  }
  both.wait();
  CHECK(flag.load() == 0);
}

TEST_CASE("loops without a call do not keep main from running with one processor") {  // 26
  NoGoroutineLeft leak;
  Processors one(1);
  std::atomic<bool> stop{false};
  std::atomic<unsigned> sink{0};
  gort::wait_group hogs;
  hogs.go([&] {
    while (!stop.load(std::memory_order_relaxed)) {
    }
  });
  hogs.go([&] {
    unsigned x = 1;
    while (!stop.load(std::memory_order_relaxed)) x = x * 1664525u + 1013904223u;
    sink = x;
  });
  // Ways for main to give the processor away, each of which must bring it back.
  for (int i = 0; i < 3; ++i) gort::yield();
  gort::sleep(1ms);
  auto c = make<chan<int>>();
  gort::go([=] { c.send(1); });
  CHECK(c.recv() == 1);
  CHECK(gort::spawn([] { return 7; }).get() == 7);
  stop = true;
  hogs.wait();
}

TEST_CASE("goroutines that write to /dev/null for ever let main return from its sleep") {  // 27
  NoGoroutineLeft leak;
  Processors one(1);
  std::atomic<bool> stop{false};
  gort::wait_group writers;
  for (int i = 0; i < 2; ++i) {
    writers.go([&] {
      const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      while (!stop.load()) {
        if (::write(fd, "x", 1) != 1) break;
      }
      ::close(fd);
    });
  }
  gort::sleep(10ms);
  CHECK_FALSE(stop.load());
  stop = true;
  writers.wait();
}

TEST_CASE("three goroutines that only allocate all make progress with one processor") {  // 27
  NoGoroutineLeft leak;
  Processors one(1);
  std::atomic<bool> stop{false};
  std::atomic<long> rounds[3] = {};
  gort::wait_group all;
  for (auto& mine : rounds) {
    all.go([&] {
      while (!stop.load()) {
        std::vector<char> block(static_cast<std::size_t>(64 + mine.load() % 1'000));
        asm volatile("" ::"r"(block.data()) : "memory");
        ++mine;
      }
    });
  }
  gort::sleep(30ms);
  CHECK(eventually([&] { return rounds[0] > 0 && rounds[1] > 0 && rounds[2] > 0; }));
  stop = true;
  all.wait();
}

TEST_CASE("a ping-pong of long turns does not starve one of short turns") {  // 28
  NoGoroutineLeft leak;
  Processors one(1);
  std::atomic<bool> stop{false};
  // One pair of goroutines that hand `c` to and fro and work `turn` iterations in between.
  auto start_pair = [&](long turn, std::atomic<long>& total, gort::wait_group& all) {
    auto c = make<chan<bool>>();
    auto d = make<chan<bool>>();
    auto half = [=, &stop, &total](const chan<bool>& in, const chan<bool>& out) {
      std::optional<bool> token;
      while ((token = in.recv())) {
        for (long i = 0; i < turn && !stop.load(std::memory_order_relaxed); ++i) {
          total.fetch_add(1, std::memory_order_relaxed);
        }
        if (stop.load()) break;
        out.send(true);
      }
      out.close();
    };
    all.go([=] { half(c, d); });
    all.go([=] { half(d, c); });
    gort::go([=] {
      // The partner may have closed it already when the test is short.
      (void)thrown_by<gort::runtime_error>([&] { c.send(true); });
    });
  };
  std::atomic<long> hog{0};
  std::atomic<long> light{0};
  gort::wait_group all;
  start_pair(1'000'000 / kSlowdown, hog, all);
  start_pair(1'000, light, all);
  gort::sleep(100ms);
  CHECK(eventually([&] {
    const long h = hog.load();
    const long l = light.load();
    return h > 0 && l > 0 && l < h * 20 && h < l * 20;
  }));
  stop = true;
  all.wait();
}

TEST_CASE("a timer fires for a consumer whose channel is fed without pause") {  // 29
  NoGoroutineLeft leak;
  Processors one(1);
  auto c = make<chan<bool>>();
  auto stop = make<chan<bool>>();
  for (int i = 0; i < 2; ++i) {
    gort::go([=] {
      while (select(gort::on_send(c, true), on_recv(stop)) == 0) {
      }
    });
  }
  const auto start = Clock::now();
  auto timer = gort::after(20ms);
  std::optional<bool> v;
  while (select(on_recv(c, v), on_recv(timer)) == 0) {
  }
  CHECK(Clock::now() - start >= 20ms);
  stop.close();
}

TEST_CASE("changing gomaxprocs a thousand times under load deadlocks nothing") {  // 30
  NoGoroutineLeft leak;
  Processors keep(static_cast<int>(gort::gomaxprocs()));
  std::atomic<bool> stop{false};
  auto stopped = make<chan<bool>>();
  gort::wait_group all;
  std::atomic<long> passed{0};
  auto c = make<chan<int>>(4);
  all.go([&] {
    while (!stop.load()) {
    }
  });
  for (int i = 0; i < 3; ++i) {
    all.go([&] {
      while (select(gort::on_send(c, 1), on_recv(stopped)) == 0) {
      }
    });
    all.go([&] {
      while (select(on_recv(c), on_recv(stopped)) == 0) {
        if (++passed % 100 == 0) gort::sleep(10us);
      }
    });
  }
  const int changes = scaled(1'000);
  for (int i = 0; i < changes; ++i) {
    const int n = 1 + i % 5;
    const int before = static_cast<int>(gort::gomaxprocs(n));
    if (i > 0) CHECK(before == 1 + (i - 1) % 5);
    CHECK(gort::gomaxprocs() == n);
    CHECK(gort::gomaxprocs(0) == n);  // as in Go: below one it only asks
  }
  const long so_far = passed.load();
  CHECK(eventually([&] { return passed.load() > so_far; }));
  stop = true;
  stopped.close();
  all.wait();
}
