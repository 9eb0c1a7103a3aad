// Stacks: growth to any depth, pointers into them that stay valid, reuse, and what a parked one
// costs.
//
// Where Go's tests run a collection at the bottom of a recursion, which moves its stacks, these run
// other goroutines there: no stack may have moved or lost its content when they come back.
// Not here: going past the limit (test/crash).

#include <gort/go.hpp>

#include "support.h"

#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;

namespace {

long resident_bytes() {
  long pages = 0;
  if (std::FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(f);
  }
  return pages * 4096;
}

// Uses `kilobytes` of stack in frames of one, and calls `bottom` below them. Returns a sum over the
// frames.
template <class F>
[[gnu::noinline]] int with_frames(int kilobytes, const F& bottom) {
  volatile char frame[1'024];
  frame[0] = static_cast<char>(kilobytes);
  frame[1'023] = 1;
  if (kilobytes <= 1) {
    bottom();
    return frame[1'023];
  }
  const int below = with_frames(kilobytes - 1, bottom);
  return below + (frame[0] == static_cast<char>(kilobytes) ? frame[1'023] : 0);
}

[[gnu::noinline]] int small_frames(int depth) {
  if (depth == 0) return 0;
  volatile int here = depth;
  const int below = small_frames(depth - 1);
  return below + (here == depth);
}

void busy_others() {
  gort::wait_group all;
  for (int i = 0; i < 3; ++i) {
    all.go([] { CHECK(with_frames(20, [] { gort::yield(); }) == 20); });
  }
  all.wait();
}

}  // namespace

TEST_CASE("a pointer into the stack of a goroutine that waits in select stays right") {  // 18
  NoGoroutineLeft leak;
  auto c = make<chan<int*>>();
  auto never = make<chan<int*>>();
  auto result = make<chan<int>>(1);
  gort::go([=] {
    CHECK(with_frames(10, [] {}) == 10);  // its stack is larger than it needs from now on
    int local = 1;
    gort::select(gort::on_send(c, &local), gort::on_send(never, &local));
    while (__atomic_load_n(&local, __ATOMIC_ACQUIRE) == 1) gort::yield();
    result.send(local);
  });
  gort::sleep(1ms);
  busy_others();
  gort::sleep(20ms);  // time enough for idle stacks to be trimmed
  int* theirs = *c.recv();
  CHECK(*theirs == 1);
  __atomic_store_n(theirs, 2, __ATOMIC_RELEASE);
  CHECK(result.recv() == 2);
}

TEST_CASE("sends with deep recursion between them arrive in order") {  // 19
  NoGoroutineLeft leak;
  auto c = make<chan<int>>();
  gort::go([=] {
    for (int i = 0; i < 10; ++i) {
      CHECK(with_frames(100 * i + 1, [&] { c.send(i); }) == 100 * i + 1);
    }
  });
  int wrong = 0;
  for (int i = 0; i < 10; ++i) {
    wrong += c.recv() != i;
    busy_others();
  }
  CHECK(wrong == 0);
}

namespace {

// Each frame stores its depth through a pointer to its caller's local; the bottom lets others run.
[[gnu::noinline]] int store_upwards(int* above, int depth, int limit) {
  *above = depth + 1;
  if (depth == limit) {
    gort::yield();
    return 0;
  }
  int local = 0;
  int wrong = store_upwards(&local, depth + 1, limit);
  wrong += *static_cast<volatile int*>(&local) != depth + 2;
  return wrong;
}

int all_depths(int step) {
  int wrong = 0;
  for (int limit = 0; limit < 1'024; limit += step) {
    int local = 0;
    wrong += store_upwards(&local, 0, limit);
    wrong += local != 1;
  }
  return wrong;
}

}  // namespace

TEST_CASE("every depth of recursion sees the locals of its callers") {  // 38
  NoGoroutineLeft leak;
  const int step = kSanitized ? 31 : 1;
  CHECK(all_depths(step) == 0);
  CHECK(gort::spawn([=] { return all_depths(step); }).get() == 0);
  CHECK(gort::spawn([=] {
          gort::lock_os_thread();
          const int wrong = all_depths(step);
          gort::unlock_os_thread();
          return wrong;
        }).get() == 0);
  std::atomic<int> wrong{-1};
  gort::after_func(0s, [&] { wrong = all_depths(step); });
  CHECK(eventually([&] { return wrong.load() == 0; }));
}

TEST_CASE("a million small frames return the right sum, in several goroutines at once") {  // 38
  NoGoroutineLeft leak;
  constexpr int kFrames = kSanitized ? 50'000 : 1'000'000;
  auto results = make<chan<int>>();
  auto deep = [=] { results.send(small_frames(kFrames)); };
  gort::go(deep);
  gort::go(gort::goroutine_options{.stack_limit = 512 << 20}, deep);
  for (int i = 0; i < 2; ++i) CHECK(results.recv() == kFrames);
}

TEST_CASE("one goroutine among thousands that are parked may go deep") {
  NoGoroutineLeft leak;
  auto hold = make<chan<bool>>();
  auto park = [&](int n) {
    for (int i = 0; i < n; ++i) gort::go([=] { (void)hold.recv(); });
    gort::sleep(1ms);
  };
  park(scaled(5'000));
  auto deep = gort::spawn([] { return with_frames(8'000, [] {}); });
  park(scaled(5'000));
  CHECK(deep.get() == 8'000);
  hold.close();
}

TEST_CASE("frames larger than a page are found by growth, one after another") {
  NoGoroutineLeft leak;
  struct Large {
    [[gnu::noinline]] static int use(int n) {
      volatile char bytes[60'000];
      std::memset(const_cast<char*>(bytes), n, sizeof bytes);
      if (n == 0) return bytes[100];
      return use(n - 1) + (bytes[0] == n && bytes[59'999] == n);
    }
  };
  CHECK(gort::spawn([] { return Large::use(50); }).get() == 50);
}

TEST_CASE("stacks of goroutines that ended are used again") {  // 40
  NoGoroutineLeft leak;
  const int batches = kSanitized ? 8 : 256;
  auto batch = [] {
    gort::wait_group all;
    for (int i = 0; i < 32; ++i) {
      all.go([] { CHECK(with_frames(128, [] { gort::sleep(1ms); }) == 128); });
    }
    all.wait();
  };
  const long before = resident_bytes();
  for (int i = 0; i < batches; ++i) batch();
  const long growth = resident_bytes() - before;
  // Go's bound, eight batches' worth, and what each processor may keep at hand: 64 stacks. Without
  // reuse it would be a gigabyte.
  const long bound = (32L << 20) + gort::gomaxprocs() * 64L * (128 << 10);
  if (!kSanitized) CHECK(growth <= bound);
}

namespace {

[[gnu::noinline]] void grow_then_write(int* p, int depth, int value, bool panics) {
  volatile char frame[500];
  frame[0] = 1;
  frame[499] = 1;
  if (depth > 0) {
    grow_then_write(p, depth - 1, value, panics);
  } else {
    *p = value;
    if (panics) gort::panic("at the bottom");
  }
  frame[0] = frame[499];
}

}  // namespace

TEST_CASE("a pointer to a local passed down a growing stack is written through") {  // 41
  NoGoroutineLeft leak;
  std::atomic<int> wrong{0};
  gort::wait_group all;
  for (int depth = 0; depth < 100; ++depth) {
    all.go([&, depth] {
      int local = 0;
      grow_then_write(&local, depth, 42, false);
      wrong += local != 42;
    });
    all.go([&, depth] {  // the same with a deferred function that looks, while a panic passes
      int local = 0;
      try {
        gort::defer look{[&] { wrong += local != 42; }};
        grow_then_write(&local, depth, 42, true);
      } catch (const gort::panic_error&) {
        wrong += local != 42;
      }
    });
    all.go([&, depth] {  // and one whose deferred function grows the stack itself
      int local = 0;
      {
        gort::defer write{[&] { grow_then_write(&local, depth, 42, false); }};
      }
      wrong += local != 42;
    });
  }
  all.wait();
  CHECK(wrong.load() == 0);
}

TEST_CASE("two hundred goroutines grow step by step on request, four times over") {  // 42
  NoGoroutineLeft leak;
  for (int round = 0; round < 4; ++round) {
    constexpr int kGoroutines = kSanitized ? 40 : 200;
    std::vector<chan<int>> requests;
    auto replies = make<chan<int>>();
    for (int i = 0; i < kGoroutines; ++i) {
      requests.push_back(make<chan<int>>());
      gort::go([=, request = requests.back()] {
        for (int frames : request) replies.send(with_frames(frames, [] {}) - frames);
      });
    }
    int wrong = 0;
    for (int frames : {1, 2, 4, 8, 16}) {
      for (auto& request : requests) request.send(frames);
      for (int i = 0; i < kGoroutines; ++i) wrong += replies.recv() != 0;
    }
    for (auto& request : requests) request.close();
    CHECK(wrong == 0);
  }
}

TEST_CASE("a hundred thousand parked goroutines take one page each and all come back") {  // 43
  NoGoroutineLeft leak;
  constexpr int kParked = kSanitized ? 2'000 : 100'000;
  auto hold = make<chan<bool>>();
  std::atomic<int> woken{0};
  auto park = [&](int n) {
    for (int i = 0; i < n; ++i) {
      gort::go([&woken, hold] {
        (void)hold.recv();
        ++woken;
      });
    }
  };
  const long before = resident_bytes();
  park(kParked);
  gort::sleep(1ms);
  gort::yield();
  const long each = (resident_bytes() - before) / kParked;
  if (!kSanitized) CHECK(each < 8'192);  // the record, its page, and no second page
  hold.close();
  CHECK(eventually([&] { return woken.load() == kParked; }));
}

TEST_CASE("several hundred thousand goroutines that have not run yet can be queued and all run") {
  NoGoroutineLeft leak;
  constexpr int kQueued = kSanitized ? 20'000 : 300'000;
  std::atomic<int> ran{0};
  gort::wait_group all;
  all.add(kQueued);
  for (int i = 0; i < kQueued; ++i) {
    gort::go([&] {
      ++ran;
      all.done();
    });
  }
  all.wait();
  CHECK(ran.load() == kQueued);
}
