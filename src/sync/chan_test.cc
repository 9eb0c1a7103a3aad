// Channels from inside: the steps under the lock, and waiters that are no goroutines.
//
// Not here: what users may rely on (test/conformance/channels_*.cc); moves that throw
// (chan_throw_test.cc); select (select_test.cc); waiting with a context (wait_test.cc).
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gort/chan.hpp"
#include "gort/context.hpp"
#include "gort/debug.hpp"
#include "gort/go.hpp"
#include "gort/select.hpp"
#include "sync/chan.h"

using namespace std::chrono_literals;
using gort::chan;
using gort::make;
using gort::sync::Channel;
using gort::sync::Step;
using gort::sync::Waiter;

namespace {

// Lets others run until `happened()`; they are all in this process, so there is nothing to time.
template <class Predicate>
void wait_until(Predicate happened) {
  while (!happened()) gort::yield();
}

bool has_waiter(const Channel* c, unsigned which) {
  return (c->state.load(std::memory_order_acquire) & which) != 0;
}
template <class C>
void wait_for_receiver(const C& c) {
  wait_until([&] { return has_waiter(core(c), gort::sync::kReceiversWait); });
}
template <class C>
void wait_for_sender(const C& c) {
  wait_until([&] { return has_waiter(core(c), gort::sync::kSendersWait); });
}

struct alignas(256) Aligned {
  std::string text;
  bool in_place = reinterpret_cast<std::uintptr_t>(this) % 256 == 0;
  explicit Aligned(std::string t) : text(std::move(t)) {}
  Aligned(Aligned&& other) noexcept : text(std::move(other.text)) {}
};

template <class T>
void check_round_trips(T first, T second) {
  for (int capacity : {0, 1, 2, 5}) {
    auto c = make<chan<T>>(capacity);
    gort::go([=] {
      c.send(first);
      c.send(second);
      c.send(first);
      c.close();
    });
    for (const T* expected : {&first, &second, &first}) {
      const std::optional<T> received = c.recv();
      CHECK((received && *received == *expected));
    }
    CHECK_FALSE(c.recv().has_value());
    core(c)->check_invariants();
  }
}

}  // namespace

TEST_CASE("a channel hands values over in order and knows what waits in it") {
  auto c = make<chan<int>>(1);
  c.send(1);
  CHECK(c.len() == 1);
  gort::go([c] { c.send(2); });  // no room: it waits
  wait_for_sender(c);
  CHECK(c.recv() == 1);  // the sender's value moves up
  CHECK(c.len() == 1);
  CHECK_FALSE(has_waiter(core(c), gort::sync::kSendersWait));
  CHECK(c.recv() == 2);
  core(c)->check_invariants();
}

TEST_CASE("elements of every kind pass unharmed, whatever their size") {
  check_round_trips<char>('a', 'b');
  check_round_trips<bool>(true, false);
  check_round_trips<short>(-1, 300);
  check_round_trips<float>(1.5f, -0.25f);
  check_round_trips<double>(1e300, -1.0);
  check_round_trips<const char*>("x", nullptr);
  check_round_trips<std::string_view>("sixteen bytes", "");
  check_round_trips<std::array<char, 3>>({1, 2, 3}, {4, 5, 6});
  check_round_trips<std::array<char, 7>>({1, 2, 3, 4, 5, 6, 7}, {7});
  check_round_trips<std::array<int, 3>>({1, 2, 3}, {4, 5, 6});
  check_round_trips<std::array<long, 3>>({1, 2, 3}, {4, 5, 6});
  check_round_trips<std::array<char, 1000>>({1, 2, 3}, {4, 5, 6});
  check_round_trips<gort::unit>({}, {});
  check_round_trips<std::string>("a string that is longer than its own buffer", "short");
  check_round_trips<std::vector<int>>({1, 2, 3}, {});
  check_round_trips<std::optional<int>>(3, std::nullopt);
}

TEST_CASE("the elements of an over-aligned type lie where their alignment says") {
  auto c = make<chan<Aligned>>(3);
  for (int i = 0; i < 3; ++i) c.send(Aligned(std::to_string(i)));
  for (int i = 0; i < 3; ++i) {
    CHECK(reinterpret_cast<std::uintptr_t>(core(c)->slot(static_cast<std::size_t>(i))) % 256 == 0);
  }
  for (int i = 0; i < 3; ++i) CHECK(c.recv()->text == std::to_string(i));
}

TEST_CASE("an empty type takes no memory, so there may be more than would fit") {
  auto c = make<chan<gort::unit>>(std::int64_t{1} << 60);
  for (int i = 0; i < 100; ++i) c.send({});
  CHECK(c.len() == 100);
  CHECK(c.recv().has_value());
}

TEST_CASE("a capacity that is negative or too large for memory is refused") {
  auto text = [](auto capacity) {
    try {
      (void)make<chan<std::string>>(capacity);
    } catch (const gort::runtime_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const std::string refused = "makechan: size out of range";
  CHECK(text(-1) == refused);
  CHECK(text(INT64_MAX) == refused);
  CHECK(text(INT64_MAX / 32) == refused);
  CHECK(text(UINT64_MAX) == refused);
  CHECK(text(std::uint64_t{1} << 63) == refused);
  CHECK(text(0) == "");
}

TEST_CASE("a waiter need not be a goroutine: a function can be resumed") {
  auto c = make<chan<int>>();
  struct Resumed {
    Waiter waiter;
    int value = 0;
    std::atomic<int> times{0};
    explicit Resumed() {
      waiter.slot = &value;
      waiter.resume = [](Waiter* w, gort::sched::Thread*) {
        ++reinterpret_cast<Resumed*>(w)->times;
      };
    }
  };
  static_assert(offsetof(Resumed, waiter) == 0);

  Resumed receiver;
  CHECK(gort::sync::recv_or_wait(core(c), &receiver.waiter) == Step::wait);
  CHECK(c.try_send(7));
  CHECK(receiver.times.load() == 1);
  CHECK(receiver.waiter.success);
  CHECK(receiver.value == 7);

  Resumed sender;
  sender.value = 8;
  CHECK(gort::sync::send_or_wait(core(c), &sender.waiter) == Step::wait);
  CHECK(c.recv() == 8);
  CHECK(sender.times.load() == 1);
  CHECK(sender.waiter.success);

  Resumed first, second;
  CHECK(gort::sync::recv_or_wait(core(c), &first.waiter) == Step::wait);
  CHECK(gort::sync::recv_or_wait(core(c), &second.waiter) == Step::wait);
  CHECK(gort::sync::cancel_wait(core(c), &first.waiter));
  CHECK_FALSE(gort::sync::cancel_wait(core(c), &first.waiter));
  CHECK(c.try_send(9));
  CHECK(first.times.load() == 0);
  CHECK(second.value == 9);
  CHECK_FALSE(gort::sync::cancel_wait(core(c), &second.waiter));

  Resumed woken_by_close;
  CHECK(gort::sync::recv_or_wait(core(c), &woken_by_close.waiter) == Step::wait);
  c.close();
  CHECK(woken_by_close.times.load() == 1);
  CHECK_FALSE(woken_by_close.waiter.success);  // look again:
  CHECK(gort::sync::recv_or_wait(core(c), &woken_by_close.waiter) == Step::closed);
  CHECK(gort::sync::send_or_wait(core(c), &sender.waiter) == Step::closed);
}

TEST_CASE("functions and goroutines wait in one line") {
  auto c = make<chan<std::string>>();
  struct Resumed {
    Waiter waiter;
    std::optional<std::string> value;
  } receiver;
  receiver.waiter.slot = &receiver.value;
  receiver.waiter.resume = [](Waiter*, gort::sched::Thread*) {};
  CHECK(gort::sync::recv_or_wait(core(c), &receiver.waiter) == Step::wait);
  auto answer = make<chan<std::string>>(1);
  gort::go([=] { answer.send(*c.recv()); });
  wait_until([&] { return core(c)->receivers.last != &receiver.waiter; });
  c.send("first");
  c.send("second");
  CHECK(receiver.value == "first");
  CHECK(answer.recv() == "second");
}

TEST_CASE("a timer's channel drops what does not fit, reports no length, and forgets when told") {
  auto c = make<chan<std::int64_t>>(1);
  Channel* timer = core(c);
  timer->is_timer = true;
  auto fire = [&](std::int64_t value) {
    gort::sched::Section section;
    gort::sync::timer_send(section.thread(), timer, &value);
  };
  auto forget = [&] {
    gort::sched::Section section;
    return gort::sync::drain(timer);
  };
  CHECK_FALSE(forget());
  fire(1);
  fire(2);
  CHECK(c.len() == 0);
  CHECK(c.cap() == 0);
  CHECK(c.recv() == 1);
  CHECK_FALSE(c.try_recv());
  fire(3);
  CHECK(forget());
  CHECK_FALSE(c.try_recv());
  auto answer = make<chan<std::int64_t>>(1);
  gort::go([=] { answer.send(*c.recv()); });
  wait_for_receiver(c);
  fire(4);
  CHECK(answer.recv() == 4);
}

TEST_CASE("what a channel holds is destroyed after nobody can reach it any more") {
  auto value = std::make_shared<int>(1);
  gort::wait_group ended;
  ended.go([value] {
    for (int i = 0; i < 100; ++i) {
      auto c = make<chan<std::shared_ptr<int>>>(2);
      c.send(value);
      c.send(value);
    }
  });
  ended.wait();
  // A word that looks like its address may keep one.
  while (value.use_count() > 20) {
    gort::gc();
    gort::sleep(1ms);
  }
  CHECK(value.use_count() >= 1);
}

TEST_CASE("closing wakes a crowd of senders, who keep their values") {
  auto c = make<chan<std::unique_ptr<int>>>();
  constexpr int kSenders = 100;
  auto kept = make<chan<int>>(kSenders);
  for (int i = 0; i < kSenders; ++i) {
    gort::go([=] {
      auto value = std::make_unique<int>(i);
      try {
        c.send(std::move(value));
      } catch (const gort::runtime_error&) {
        kept.send(value ? *value : -1);
      }
    });
  }
  wait_until([&] {
    gort::sched::Section section;
    gort::base::Guard guard(core(c)->lock);
    int waiting = 0;
    for (Waiter* w = core(c)->senders.first; w != nullptr; w = w->next) ++waiting;
    return waiting == kSenders;
  });
  c.close();
  int sum = 0;
  for (int i = 0; i < kSenders; ++i) sum += *kept.recv();
  CHECK(sum == kSenders * (kSenders - 1) / 2);
  core(c)->check_invariants();
}

TEST_CASE("who waits in a channel shows why in a dump") {
  auto c = make<chan<int>>();
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  // True as soon as the dump says that a goroutine that calls `wait` waits for `reason`.
  auto shows = [&](const std::string& reason, auto wait) {
    auto over = make<chan<gort::unit>>(1);
    gort::go(gort::goroutine_options{.name = "probe"}, [=] {
      wait();
      over.send({});
    });
    const std::string line = "\"probe\" [" + reason + "]";
    wait_until([&] {
      std::ostringstream dump;
      gort::dump_goroutines(dump);
      return dump.str().find(line) != std::string::npos;
    });
    if (!c.try_send(1)) (void)c.recv();
    (void)over.recv();
    return true;
  };
  CHECK(shows("chan receive", [=] { (void)c.recv(); }));
  CHECK(shows("chan send", [=] { c.send(1); }));
  CHECK(shows("chan receive", [=, ctx = ctx] { (void)c.recv(ctx); }));
  CHECK(shows("chan send", [=, ctx = ctx] { c.send(1, ctx); }));
  CHECK(shows("select", [=] { gort::select(gort::on_recv(c), gort::on_timeout(1h)); }));
  cancel();
}

TEST_CASE("under many threads' load nothing is lost, doubled or left waiting") {
  constexpr int kPeers = 8;
  constexpr int kEach = 3'000;
  for (int capacity : {0, 1, 3, 64}) {
    auto c = make<chan<std::unique_ptr<int>>>(capacity);
    auto sums = make<chan<long>>(kPeers);
    auto done = make<chan<gort::unit>>(kPeers);
    for (int p = 0; p < kPeers; ++p) {
      gort::go([=] {
        for (int i = 0; i < kEach; ++i) {
          auto value = std::make_unique<int>(p * kEach + i);
          if (i % 3 != 0 || !c.try_send(std::move(value))) c.send(std::move(value));
        }
        done.send({});
      });
      gort::go([=] {
        long sum = 0;
        for (int i = 0;; ++i) {
          if (i % 4 == 0) {
            auto tried = c.try_recv();
            if (tried) {
              sum += **tried.value;
              continue;
            }
          }
          auto value = c.recv();
          if (!value) break;
          sum += **value;
        }
        sums.send(sum);
      });
    }
    for (int p = 0; p < kPeers; ++p) (void)done.recv();
    c.close();
    long sum = 0;
    for (int p = 0; p < kPeers; ++p) sum += *sums.recv();
    constexpr long kValues = long{kPeers} * kEach;
    CHECK(sum == kValues * (kValues - 1) / 2);
    core(c)->check_invariants();
  }
}
