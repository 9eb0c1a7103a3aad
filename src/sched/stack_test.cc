// Tests of stack windows: whose they are, where they end, how they grow, and that memory goes back.
//
// Windows are taken from caches of the tests' own and touched from ordinary threads; grow_stack is
// called as the fault handler would. What must die of a guard does so in a child process. Not here:
// the handler (runtime/signals.cc), goroutines that overflow (test/crash, test/conformance).
#include "sched/stack.h"

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "base/child_process.h"
#include "base/os_linux.h"
#include "sched/stack_arena.h"

using namespace gort::sched;

namespace {

void a_site(void*) {}
void another_site(void*) {}
void a_third_site(void*) {}

// A limit that makes a window a whole slot, of the kind that grows.
constexpr std::size_t kWholeSlot = kSlotBytes - kGuardBytes;

std::size_t usable(const Stack& stack) { return static_cast<std::size_t>(stack.top - stack.low); }

bool dies(char* at) {
  return gort_test::in_child([at] { return *static_cast<volatile char*>(at) = 1, 0; }).signal ==
         SIGSEGV;
}

// A record that stands for a goroutine on `stack`.
std::unique_ptr<Goroutine> on(const Stack& stack, gort::detail::closure_entry site) {
  auto goroutine = std::make_unique<Goroutine>();
  goroutine->stack = stack;
  goroutine->entry = site;
  return goroutine;
}

}  // namespace

TEST_CASE("windows in use are distinct, whichever thread asks") {  // [K1]
  std::vector<Stack> all[4];
  StackCache caches[4];
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        all[t].push_back(caches[t].acquire(a_site, i % 2 == 0 ? kWholeSlot : std::size_t{1} << 20));
        all[t].back().top[-1] = static_cast<char>(t);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::pair<char*, char*>> windows;
  for (auto& stacks : all) {
    for (const Stack& stack : stacks) windows.insert({stack.low, stack.top});
  }
  CHECK(windows.size() == 200);
  int overlaps = 0;
  char* end = nullptr;
  for (const auto& [low, top] : windows) {
    overlaps += low < end;
    end = top;
  }
  CHECK(overlaps == 0);
  for (int t = 0; t < 4; ++t) {
    for (const Stack& stack : all[t]) {
      CHECK(stack.top[-1] == t);
      caches[t].release(stack);
    }
    caches[t].flush();
  }
}

TEST_CASE("a window is usable from its top to its low end and guarded below") {  // [K2]
  StackCache cache;
  for (const std::size_t limit : {std::size_t{0}, kWholeSlot, std::size_t{2} << 20}) {
    const Stack stack = cache.acquire(a_site, limit);
    CHECK(reinterpret_cast<std::uintptr_t>(stack.top) % 16 == 0);
    stack.top[-1] = 1;
    stack.low[0] = 1;
    CHECK(dies(stack.low - 1));
    CHECK(dies(stack.low - kGuardBytes));
    cache.release(stack);
  }
  cache.flush();
}

TEST_CASE("a goroutine's own limit is where its guard is, until the window is another's") {
  StackCache cache;
  constexpr std::size_t kLimit = std::size_t{64} << 10;
  const Stack limited = cache.acquire(a_site, kLimit);
  CHECK(usable(limited) >= kLimit);
  CHECK(usable(limited) < kLimit + gort::base::os::page_bytes());
  limited.low[0] = 1;
  CHECK(dies(limited.low - 1));
  cache.release(limited);
  cache.trim();  // taken back only now: whoever gave it back may have been on it
  const Stack whole = cache.acquire(a_site, kWholeSlot);
  CHECK(whole.top == limited.top);  // the same window, the last one given back
  CHECK(usable(whole) == kWholeSlot);
  limited.low[-1] = 1;
  whole.low[0] = 1;
  CHECK(dies(whole.low - 1));
  cache.release(whole);
  cache.flush();
}

TEST_CASE("a limit beyond a room is a mapping of its own that goes away") {
  StackCache cache;
  const std::size_t before = stack_counts().own;
  const Stack stack = cache.acquire(a_site, kDefaultStackLimit + (std::size_t{1} << 20));
  CHECK(stack_counts().own == before + 1);
  CHECK(usable(stack) >= kDefaultStackLimit + (std::size_t{1} << 20));
  stack.top[-1] = 1;
  stack.low[0] = 1;
  CHECK(dies(stack.low - 1));
  cache.release(stack);
  cache.trim();
  CHECK(stack_counts().own <= before);  // another test's may have gone as well
}

TEST_CASE("a slot that overflows grows into the free one below, and gives it back") {
  StackCache cache;
  const Stack stack = cache.acquire(a_site, kWholeSlot);
  const auto goroutine = on(stack, another_site);
  CHECK_FALSE(site_is_deep(another_site));
  CHECK(dies(stack.low - 8));
  CHECK(grow_stack(goroutine.get(), stack.low - 8) == Growth::grown);
  const Stack grown = goroutine->stack;
  CHECK(grown.top == stack.top);
  CHECK(usable(grown) == kWholeSlot + kSlotBytes);
  stack.low[-8] = 1;  // where the guard was
  grown.low[0] = 1;
  CHECK(dies(grown.low - 1));
  CHECK(site_is_deep(another_site));

  cache.release(grown);
  cache.trim();
  const Stack again = cache.acquire(a_site, kWholeSlot);
  CHECK(again.top == stack.top);
  CHECK(again.low == stack.low);
  CHECK(dies(again.low - 8));
  cache.release(again);
  cache.flush();
}

TEST_CASE("growth goes on up to the limit and not beyond") {
  StackCache cache;
  auto goroutine = on(cache.acquire(a_site, kWholeSlot), a_third_site);
  goroutine->extra = new Extra;
  goroutine->extra->stack_limit = kWholeSlot;
  CHECK(grow_stack(goroutine.get(), goroutine->stack.low - 1) == Growth::overflow);
  goroutine->extra->stack_limit = std::size_t{600} << 10;
  int grown = 0;
  Growth last;
  while ((last = grow_stack(goroutine.get(), goroutine->stack.low - 1)) == Growth::grown) ++grown;
  CHECK(last == Growth::overflow);
  CHECK(grown <= 2);
  CHECK(usable(goroutine->stack) <= goroutine->extra->stack_limit + kSlotBytes / 2);
  cache.release(goroutine->stack);
  cache.flush();
  delete goroutine->extra;
}

TEST_CASE("a slot whose neighbour is in use does not grow into it") {
  StackCache cache;
  // All that is cached below is taken until two windows are neighbours.
  std::vector<Stack> stacks;
  std::set<char*> tops;
  const Stack* upper = nullptr;
  for (int i = 0; i < 400'000 && upper == nullptr; ++i) {
    stacks.push_back(cache.acquire(a_site, kWholeSlot));
    tops.insert(stacks.back().top);
    if (tops.count(stacks.back().top + kSlotBytes) == 0) continue;
    for (const Stack& each : stacks) {
      if (each.top == stacks.back().top + kSlotBytes) upper = &each;
    }
  }
  REQUIRE(upper != nullptr);
  const auto goroutine = on(*upper, a_third_site);
  CHECK(grow_stack(goroutine.get(), upper->low - 1) == Growth::overflow);
  for (const Stack& stack : stacks) cache.release(stack);
  cache.flush();
}

TEST_CASE("an address outside the guard is nobody's growth") {
  StackCache cache;
  const auto goroutine = on(cache.acquire(a_site, kWholeSlot), a_third_site);
  CHECK(grow_stack(goroutine.get(), goroutine->stack.low) == Growth::not_this_stack);
  CHECK(grow_stack(goroutine.get(), goroutine->stack.low - kGuardBytes - 1) ==
        Growth::not_this_stack);
  CHECK(grow_stack(goroutine.get(), nullptr) == Growth::not_this_stack);
  cache.release(goroutine->stack);
  const Goroutine stackless;
  CHECK(grow_stack(const_cast<Goroutine*>(&stackless), nullptr) == Growth::not_this_stack);
  cache.flush();
}

TEST_CASE("a site that has been deep gets rooms, even while they are scarce") {
  note_deep_site(a_third_site);
  CHECK(site_is_deep(a_third_site));
  StackCache cache;
  const Stack stack = cache.acquire(a_third_site, 0);
  CHECK(usable(stack) >= kDefaultStackLimit);
  cache.release(stack);
  cache.flush();
}

TEST_CASE("trimming gives back what lies below the live part, and only that") {
  StackCache cache;
  const Stack stack = cache.acquire(a_site, kWholeSlot);
  const std::size_t page = gort::base::os::page_bytes();
  char* const sp = stack.top - 3 * page;
  for (char* at = stack.top - 1; at > stack.top - static_cast<std::ptrdiff_t>(16 * page);
       at -= page) {
    *at = 7;
  }
  CHECK(trim_stack(stack, sp) > 0);
  CHECK(stack.top[-1] == 7);
  CHECK(stack.top[-1 - static_cast<std::ptrdiff_t>(page)] == 7);
  CHECK(stack.top[-1 - 2 * static_cast<std::ptrdiff_t>(page)] == 7);
  CHECK(gort::base::os::resident_bytes(stack.top - 16 * page, 12 * page) == 0);
  CHECK(trim_stack(stack, sp) == 0);  // nothing left to give
  cache.release(stack);
  cache.flush();
}

TEST_CASE("trimming leaves a stack alone whose pointer is elsewhere, as on a fiber") {
  StackCache cache;
  const Stack stack = cache.acquire(a_site, kWholeSlot);
  const std::size_t page = gort::base::os::page_bytes();
  for (char* at = stack.top - 1; at > stack.top - static_cast<std::ptrdiff_t>(16 * page);
       at -= page) {
    *at = 7;
  }
  CHECK(trim_stack(stack, stack.top + page) == 0);
  CHECK(trim_stack(stack, stack.low - page) == 0);
  CHECK(stack.top[-1 - 15 * static_cast<std::ptrdiff_t>(page)] == 7);
  cache.release(stack);
  cache.flush();
}

TEST_CASE("deep goroutines that come and go use the same few windows") {  // Go's stack reuse
  StackCache cache;
  std::set<char*> windows;
  for (int round = 0; round < 256; ++round) {
    std::vector<Stack> used;
    for (int i = 0; i < 32; ++i) {
      used.push_back(cache.acquire(a_site, kWholeSlot));
      used.back().low[0] = 1;
      windows.insert(used.back().top);
    }
    for (const Stack& stack : used) cache.release(stack);
  }
  CHECK(windows.size() <= 64);
  CHECK(cache.trim() > 0);
  CHECK(cache.trim() == 0);
  cache.flush();
}

TEST_CASE("what a cache flushes, another one gets") {
  StackCache one, other;
  std::vector<Stack> stacks;
  std::set<char*> windows;
  for (int i = 0; i < 100; ++i) {
    stacks.push_back(one.acquire(a_site, kWholeSlot));
    windows.insert(stacks.back().top);
  }
  for (const Stack& stack : stacks) one.release(stack);
  one.flush();
  stacks.clear();
  int known = 0;
  for (int i = 0; i < 100; ++i) {
    stacks.push_back(other.acquire(a_site, kWholeSlot));
    known += windows.count(stacks.back().top) != 0 ? 1 : 0;
  }
  CHECK(known >= 64);  // others may have come in between
  for (const Stack& stack : stacks) other.release(stack);
  other.flush();
}
