// Timers created, stopped and reset at random, from many goroutines, against a model that counts.
//
// For an after_func timer: every creation and every reset arms it once; a stop or a reset that
// returns true takes one arming back; so in the end it has run exactly armed - taken back times,
// each not before its time. For a channel timer: what is received was due, and nothing is received
// after stop.

#include "stress.h"

#include <memory>
#include <vector>

namespace {

using namespace stress;

std::chrono::microseconds random_delay(Random& random) {
  if (random.one_in(20)) return std::chrono::microseconds(-random.below(1'000));
  if (random.one_in(4)) return std::chrono::microseconds(random.below(20'000));
  return std::chrono::microseconds(random.below(500));
}

// An after_func timer under a lock that makes its model exact; shots run beside it.
struct Counted {
  gort::mutex lock;
  gort::timer timer;
  long armed = 0;
  long taken_back = 0;
  std::atomic<long> ran{0};
  std::atomic<long> early{0};
  // No shot may come before this: the earliest of the times for which it was ever armed. (A shot
  // that was due may be starting while a reset sets a later time, so the latest of them would be
  // too strict.)
  std::atomic<Clock::duration::rep> not_before{0};

  void shot() {
    ++ran;
    early += Clock::now().time_since_epoch().count() < not_before.load();
  }
};

using CountedTimer = std::shared_ptr<Counted>;

CountedTimer make_counted(Random& random) {
  auto counted = std::make_shared<Counted>();
  const auto delay = random_delay(random);
  counted->not_before = (Clock::now() + delay).time_since_epoch().count();
  counted->armed = 1;
  counted->timer = gort::after_func(delay, [counted = counted.get()] { counted->shot(); });
  return counted;
}

void change(Random& random, Counted& counted) {
  std::lock_guard guard(counted.lock);
  if (random.one_in(2)) {
    counted.taken_back += counted.timer.stop();
    return;
  }
  const auto delay = random_delay(random);
  const auto due = (Clock::now() + delay).time_since_epoch().count();
  if (due < counted.not_before.load()) counted.not_before = due;
  counted.armed += 1;
  counted.taken_back += counted.timer.reset(delay);
}

void counted_round(Random& random) {
  std::vector<CountedTimer> timers;
  for (int i = random.between(1, 200); i > 0; --i) timers.push_back(make_counted(random));
  {
    Crowd crowd(random);
    for (int i = random.between(1, 8); i > 0; --i) {
      crowd.start([&timers](Random& mine) {
        for (int n = mine.below(500); n > 0; --n) {
          change(mine, *mine.pick(timers));
          hesitate(mine);
        }
      });
    }
  }
  for (auto& counted : timers) {
    const long expected = counted->armed - counted->taken_back;
    while (counted->ran.load() < expected) gort::sleep(100us);  // the watchdog knows how long
  }
  gort::sleep(1ms);
  long wrong = 0;
  long early = 0;
  for (auto& counted : timers) {
    wrong += counted->ran.load() != counted->armed - counted->taken_back;
    early += counted->early.load();
    wrong += counted->timer.stop();
  }
  CHECK(wrong == 0);
  CHECK(early == 0);
}

// One goroutine with a timer and a ticker of its own, which it uses as a program would.
void use_channel_timers(Random& random, std::atomic<long>& stale) {
  gort::timer timer(1h);
  gort::ticker ticker(1ms);
  auto due = Clock::now() + 1h;
  bool running = true;
  for (int n = random.below(200); n > 0; --n) {
    switch (random.below(6)) {
      case 0:
        timer.stop();
        running = false;
        break;
      case 1: {
        const auto delay = random_delay(random);
        due = Clock::now() + delay;
        timer.reset(delay);
        running = true;
        break;
      }
      case 2: hesitate(random); break;
      case 3:
        ticker.reset(std::chrono::microseconds(random.between(50, 2'000)));
        (void)ticker.c().recv();
        break;
      default: {
        std::optional<gort::time_point> at;
        std::optional<gort::time_point> tick;
        const auto patience = std::chrono::microseconds(random.below(1'000));
        if (gort::select(gort::on_recv(timer.c(), at), gort::on_recv(ticker.c(), tick),
                         gort::on_timeout(patience)) == 0) {
          stale += !running || *at < due;
          running = false;
        }
      }
    }
  }
}

void channel_round(Random& random) {
  std::atomic<long> stale{0};
  {
    Crowd crowd(random);
    for (int i = random.between(1, 20); i > 0; --i) {
      crowd.start([&](Random& mine) { use_channel_timers(mine, stale); });
    }
  }
  CHECK(stale.load() == 0);
}

void sleeping_round(Random& random) {
  std::atomic<long> early{0};
  gort::wait_group sleepers;
  for (int i = random.between(1, 2'000); i > 0; --i) {
    sleepers.go([&early, delay = random_delay(random)] {
      const auto due = Clock::now() + delay;
      gort::sleep(delay);
      early += Clock::now() < due;
    });
  }
  sleepers.wait();
  CHECK(early.load() == 0);
}

}  // namespace

TEST_CASE("timers with functions run as often as they were armed and not taken back") {
  Program program("after_func timers");
  Weather weather(program.random());
  while (!program.over()) counted_round(program.random());
}

TEST_CASE("timers and tickers with channels never deliver what is stale or early") {
  Program program("channel timers");
  Weather weather(program.random());
  while (!program.over()) channel_round(program.random());
}

TEST_CASE("sleepers by the thousand all wake and none too early") {
  Program program("sleepers");
  Weather weather(program.random());
  while (!program.over()) sleeping_round(program.random());
}
