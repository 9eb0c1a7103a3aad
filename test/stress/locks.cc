// Locks and queues built of them: what they protect stays whole, whoever waits, gives up or is
// overtaken.
//
// Goroutines and ordinary threads mix in every round. The data behind a lock is plain, not atomic,
// so that the thread sanitizer sees a lock that does not order its holders.

#include "stress.h"

#include <deque>
#include <map>
#include <shared_mutex>
#include <string>
#include <vector>

namespace {

using namespace stress;

// Takes the lock in one of the ways there are; false if it gave up.
template <class Mutex>
bool take(Random& random, Mutex& m) {
  switch (random.below(4)) {
    case 0: return m.try_lock();
    case 1: {
      auto [ctx, cancel] =
          gort::with_timeout(gort::background(), std::chrono::microseconds(random.below(200)));
      gort::defer d{cancel};
      try {
        m.lock(ctx);
        return true;
      } catch (const gort::context_error&) {
        return false;
      }
    }
    default: m.lock(); return true;
  }
}

void mutex_round(Random& random) {
  gort::mutex m;
  long counter = 0;
  std::string text;
  std::atomic<long> taken{0};
  Crowd crowd(random);
  for (int i = random.between(2, 12); i > 0; --i) {
    crowd.start([&](Random& mine) {
      for (int n = mine.below(500); n > 0; --n) {
        if (!take(mine, m)) continue;
        ++counter;
        ++taken;
        text = std::to_string(counter);
        hesitate(mine);
        if (text != std::to_string(counter)) counter = -1'000'000'000;
        m.unlock();
        hesitate(mine);
      }
    });
  }
  crowd.join();
  CHECK(counter == taken.load());
}

// Readers see pairs that are equal; writers make them unequal in between.
void rw_round(Random& random) {
  gort::rw_mutex m;
  long left = 0;
  long right = 0;
  std::atomic<long> written{0};
  std::atomic<long> torn{0};
  Crowd crowd(random);
  for (int i = random.between(2, 12); i > 0; --i) {
    crowd.start([&](Random& mine) {
      for (int n = mine.below(300); n > 0; --n) {
        if (mine.one_in(4)) {
          if (!take(mine, m)) continue;
          ++left;
          hesitate(mine);
          ++right;
          ++written;
          m.unlock();
        } else {
          if (mine.one_in(4)) {
            if (!m.try_lock_shared()) continue;
          } else {
            m.lock_shared();
          }
          torn += left != right;
          hesitate(mine);
          torn += left != right;
          m.unlock_shared();
        }
      }
    });
  }
  crowd.join();
  CHECK(torn.load() == 0);
  CHECK(left == written.load());
}

// A bounded queue of a mutex and two conds: what is put in comes out, and it is never too full.
void queue_round(Random& random) {
  gort::mutex m;
  gort::cond not_empty;
  gort::cond not_full;
  std::deque<long> queue;
  const std::size_t limit = static_cast<std::size_t>(random.between(1, 5));
  const int peers = random.between(1, 5);
  const int values = random.below(500);
  std::atomic<long> sum{0};
  std::atomic<int> overfull{0};
  Crowd crowd(random);
  for (int p = 0; p < peers; ++p) {
    crowd.start([&](Random& mine) {
      for (int i = 0; i < values; ++i) {
        std::unique_lock lock(m);
        while (queue.size() == limit) not_full.wait(lock);
        queue.push_back(i);
        overfull += queue.size() > limit;
        hesitate(mine);
        not_empty.notify_one();
      }
    });
    crowd.start([&](Random& mine) {
      for (int i = 0; i < values; ++i) {
        std::unique_lock lock(m);
        while (queue.empty()) not_empty.wait(lock);
        sum += queue.front();
        queue.pop_front();
        lock.unlock();
        not_full.notify_one();
        hesitate(mine);
      }
    });
  }
  crowd.join();
  CHECK(overfull.load() == 0);
  CHECK(queue.empty());
  CHECK(sum.load() == static_cast<long>(peers) * values * (values - 1) / 2);
}

void semaphore_round(Random& random) {
  const int size = random.between(1, 10);
  gort::semaphore s(size);
  std::atomic<int> out{0};
  std::atomic<int> wrong{0};
  Crowd crowd(random);
  for (int i = random.between(2, 12); i > 0; --i) {
    crowd.start([&](Random& mine) {
      for (int n = mine.below(300); n > 0; --n) {
        const int weight = mine.between(1, size);
        switch (mine.below(3)) {
          case 0:
            if (!s.try_acquire(weight)) continue;
            break;
          case 1: {
            auto [ctx, cancel] =
                gort::with_timeout(gort::background(), std::chrono::microseconds(mine.below(200)));
            gort::defer d{cancel};
            try {
              s.acquire(weight, ctx);
            } catch (const gort::context_error&) {
              continue;
            }
            break;
          }
          default: s.acquire(weight);
        }
        wrong += out.fetch_add(weight) + weight > size;
        hesitate(mine);
        out -= weight;
        s.release(weight);
      }
    });
  }
  crowd.join();
  CHECK(wrong.load() == 0);
  CHECK(s.try_acquire(size));
}

// Each key of a concurrent_map is a counter; the sum of all successful changes is what is there.
void map_round(Random& random) {
  gort::concurrent_map<int, long> m;
  const int keys = random.between(1, 200);
  std::atomic<long> balance{0};
  Crowd crowd(random);
  for (int i = random.between(2, 8); i > 0; --i) {
    crowd.start([&](Random& mine) {
      for (int n = mine.below(1'000); n > 0; --n) {
        const int key = mine.below(keys);
        const long value = mine.between(1, 1'000);
        switch (mine.below(5)) {
          case 0:
            if (!m.load_or_store(key, value).second) balance += value;
            break;
          case 1:
            if (auto gone = m.load_and_delete(key)) balance -= *gone;
            break;
          case 2: {
            auto before = m.swap(key, value);
            balance += value - before.value_or(0);
            break;
          }
          case 3:
            if (auto old = m.load(key); old && m.compare_and_swap(key, *old, value)) {
              balance += value - *old;
            }
            break;
          default:
            if (auto old = m.load(key); old && m.compare_and_delete(key, *old)) balance -= *old;
        }
        hesitate(mine);
      }
    });
  }
  crowd.join();
  long there = 0;
  m.range([&](int, long v) {
    there += v;
    return true;
  });
  CHECK(there == balance.load());
}

}  // namespace

TEST_CASE("what a mutex protects stays whole") {
  Program program("mutex");
  Weather weather(program.random());
  while (!program.over()) mutex_round(program.random());
}

TEST_CASE("readers of a rw_mutex never see a writer at work") {
  Program program("rw_mutex");
  Weather weather(program.random());
  while (!program.over()) rw_round(program.random());
}

TEST_CASE("a queue of mutex and conds gives out what it was given") {
  Program program("queue");
  Weather weather(program.random());
  while (!program.over()) queue_round(program.random());
}

TEST_CASE("a semaphore is never overdrawn and is full again in the end") {
  Program program("semaphore");
  Weather weather(program.random());
  while (!program.over()) semaphore_round(program.random());
}

TEST_CASE("a concurrent_map adds up") {
  Program program("concurrent_map");
  Weather weather(program.random());
  while (!program.over()) map_round(program.random());
}
