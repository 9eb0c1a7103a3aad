// Storms: wake-ups between goroutines and ordinary threads, one after another, without slack.
//
// Batons go round rings whose members wait in different ways. At every moment almost everybody
// sleeps, so one wake-up that gets lost stops a baton for ever and the watchdog tells.

#include "stress.h"

#include <memory>
#include <vector>

namespace {

using namespace stress;
using gort::chan;
using gort::make;

constexpr int kNoBaton = -1;

// Waits for the baton in one of the ways there are; kNoBaton when the ring is dissolved.
int wait_for_baton(Random& random, const chan<int>& in) {
  for (;;) {
    std::optional<int> baton;
    switch (random.below(4)) {
      case 0: return in.recv().value_or(kNoBaton);
      case 1:
        gort::select(gort::on_recv(in, baton), gort::on_recv(chan<int>{}));
        return baton.value_or(kNoBaton);
      case 2:
        if (gort::select(gort::on_recv(in, baton), gort::on_timeout(1ms)) == 0) {
          return baton.value_or(kNoBaton);
        }
        break;
      default: {
        auto [ctx, cancel] = gort::with_timeout(gort::background(), 1ms);
        gort::defer d{cancel};
        try {
          return in.recv(ctx).value_or(kNoBaton);
        } catch (const gort::context_error&) {
        }
      }
    }
  }
}

// A ring of channels; each member passes the baton on until it has made enough hops, then its
// holder closes the ring from its own place on.
void ring_round(Random& random) {
  const int members = random.between(2, 12);
  const int capacity = random.one_in(2) ? 0 : 1;
  const int hops = random.between(100, 3'000);
  std::vector<chan<int>> ring;
  for (int i = 0; i < members; ++i) ring.push_back(make<chan<int>>(capacity));
  std::atomic<int> passed{0};
  Crowd crowd(random);
  for (std::size_t i = 0; i < ring.size(); ++i) {
    auto in = ring[i];
    auto out = ring[(i + 1) % ring.size()];
    crowd.start([&passed, in, out, hops](Random& mine) {
      for (;;) {
        const int baton = wait_for_baton(mine, in);
        if (baton == kNoBaton || baton == hops) {
          out.close();  // each closes its successor's: the wave goes once round
          return;
        }
        ++passed;
        out.send(baton + 1);
      }
    });
  }
  ring[0].send(0);
  crowd.join();
  CHECK(passed.load() == hops);
}

// Everybody waits at a barrier of mutex and cond; the last one wakes the rest.
void barrier_round(Random& random) {
  const int members = random.between(2, 12);
  const int generations = random.between(10, 200);
  gort::mutex m;
  gort::cond all_here;
  int here = 0;
  int generation = 0;
  std::atomic<int> wrong{0};
  Crowd crowd(random);
  for (int i = 0; i < members; ++i) {
    crowd.start([&](Random& mine) {
      for (int g = 0; g < generations; ++g) {
        hesitate(mine);
        std::unique_lock lock(m);
        wrong += generation != g;
        if (++here == members) {
          here = 0;
          ++generation;
          all_here.notify_all();
        } else {
          while (generation == g) all_here.wait(lock);
        }
      }
    });
  }
  crowd.join();
  CHECK(wrong.load() == 0);
  CHECK(generation == generations);
}

// One closes, many wait: in receives, in selects, on a wait_group, on a context.
void release_round(Random& random) {
  auto gate = make<chan<int>>();
  gort::wait_group group;
  group.add(1);
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  std::atomic<int> through{0};
  const int members = random.between(1, 60);
  Crowd crowd(random);
  for (int i = 0; i < members; ++i) {
    crowd.start([&, ctx = ctx](Random& mine) {
      switch (mine.below(4)) {
        case 0: (void)gate.recv(); break;
        case 1:
          gort::select(gort::on_recv(gate), gort::on_timeout(1h), gort::on_recv(chan<int>{}));
          break;
        case 2: group.wait(); break;
        default: (void)ctx.done().recv();
      }
      ++through;
    });
  }
  hesitate(random);
  gate.close();
  group.done();
  cancel();
  crowd.join();
  CHECK(through.load() == members);
}

}  // namespace

TEST_CASE("batons go round rings of goroutines and threads without a lost wake-up") {
  Program program("rings");
  Weather weather(program.random());
  while (!program.over()) ring_round(program.random());
}

TEST_CASE("goroutines and threads meet at a barrier again and again") {
  Program program("barriers");
  Weather weather(program.random());
  while (!program.over()) barrier_round(program.random());
}

TEST_CASE("a crowd that waits in many ways is released whole") {
  Program program("releases");
  Weather weather(program.random());
  while (!program.over()) release_round(program.random());
}
