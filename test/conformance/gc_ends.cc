// What happens when objects die: destructors, cleanups, weak references, pools.
//
// Ends come some time after a collection found the object unreachable, on a goroutine of the
// runtime: so tests collect and wait. Order between destructors is not promised, other than in Go
// between finalizers; what a destructor reaches is memory as it was left.

#include "gc_support.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conformance;
using gort::make;
using gort::new_;
using gort::ptr;
using gort::weak;

namespace {

struct Plain {
  std::uint64_t value = 0;
  std::uint64_t rest[5] = {};
};

// Set before a test, read by destructors.
std::atomic<int> seen_whole{0};
std::atomic<int> ended_pairs{0};
ptr<Plain> rescued;
std::atomic<bool> is_rescued{false};

struct Owner {
  ptr<Plain> plain;
  ptr<Mortal> mortal;

  ~Owner() {
    seen_whole += plain->value == 77;
    ++ended_pairs;
  }
};

struct Rescuer {
  ptr<Plain> plain;
  ~Rescuer() {
    rescued = plain;
    is_rescued = true;
  }
};

struct WeakToItself {
  weak<WeakToItself> self;
  static inline std::atomic<int> null_inside{0};
  static inline std::atomic<int> ended{0};
  ~WeakToItself() {
    null_inside += self.lock() == nullptr;
    ++ended;
  }
};

}  // namespace

TEST_CASE("a destructor runs once, on a whole object, after it became unreachable") {  // 53
  using Mortal = MortalOf<struct OnWhole>;
  const int ended = Mortal::ended, broken = Mortal::broken;
  const int count = scaled(1'000);
  elsewhere([&] {
    for (int i = 0; i < count; ++i) gort::keep_alive(new_<Mortal>(static_cast<std::uint64_t>(i)));
  });
  CHECK(after_collections([&] { return Mortal::ended - ended >= count * 9 / 10; }));
  for (int i = 0; i < 5; ++i) gort::gc();
  gort::sleep(10ms);
  CHECK(Mortal::ended - ended <= count);
  CHECK(Mortal::broken == broken);
}

TEST_CASE("a destructor does not run while the object can be reached") {
  using Mortal = MortalOf<struct Reachable>;
  const int ended = Mortal::ended;
  ptr<Mortal> kept = new_<Mortal>(5);
  for (int i = 0; i < 5; ++i) gort::gc();
  gort::sleep(5ms);
  CHECK(Mortal::ended == ended);
  CHECK(kept->number == 5);
  gort::keep_alive(kept);
}

TEST_CASE("what a dying object refers to is as it was when its destructor runs") {
  seen_whole = 0;
  ended_pairs = 0;
  const int broken = Mortal::broken;
  elsewhere([] {
    for (int i = 0; i < 250; ++i) {
      Owner* const owner = new_<Owner>();
      owner->plain = new_<Plain>();
      owner->plain->value = 77;
      owner->mortal = new_<Mortal>();
    }
  });
  CHECK(after_collections([] { return ended_pairs >= 200; }));
  CHECK(seen_whole == ended_pairs);
  CHECK(Mortal::broken == broken);
}

TEST_CASE("a destructor may save what its object refers to") {
  is_rescued = false;
  elsewhere([] {
    Rescuer* const rescuer = new_<Rescuer>();
    rescuer->plain = new_<Plain>();
    rescuer->plain->value = 99;
  });
  CHECK(after_collections([] { return is_rescued.load(); }));
  churn_heap(scaled(2'000));
  gort::gc();
  churn_heap(scaled(2'000));
  CHECK(rescued->value == 99);
  rescued = nullptr;
}

TEST_CASE("each object of a cycle is ended") {
  struct Ring {
    ptr<Ring> next;
    Mortal mortal;
  };
  const int ended = Mortal::ended;
  elsewhere([] {
    for (int i = 0; i < 100; ++i) {
      Ring* const a = new_<Ring>();
      Ring* const b = new_<Ring>();
      a->next = b;
      b->next = a;
    }
  });
  CHECK(after_collections([&] { return Mortal::ended - ended >= 180; }));
}

TEST_CASE("the elements of slices, maps and channels that die are ended") {
  struct Element {
    std::shared_ptr<int> counted;
  };
  const auto counted = std::make_shared<int>(0);
  elsewhere([&] {
    auto slice = make<gort::slice<Element>>(100);
    for (std::size_t i = 0; i < 100; ++i) slice[i].counted = counted;
    auto map = make<gort::map<int, Element>>();
    for (int i = 0; i < 100; ++i) map[i].counted = counted;
    auto c = make<gort::chan<Element>>(100);
    for (int i = 0; i < 100; ++i) c.send(Element{counted});
  });
  CHECK(after_collections([&] { return counted.use_count() == 1; }));
}

TEST_CASE("a channel's buffer does not keep what was received from it") {
  using Mortal = MortalOf<struct Received>;
  struct Wide {
    std::uint64_t number;
    Mortal* mortal;
    std::uint64_t more[2];
  };
  constexpr int kEach = 100;
  auto pointers = make<gort::chan<Mortal*>>(kEach);
  auto structs = make<gort::chan<Wide>>(kEach);
  auto handles = make<gort::chan<ptr<Mortal>>>(kEach);
  elsewhere([&] {
    for (int i = 0; i < kEach; ++i) {
      pointers.send(new_<Mortal>());
      structs.send({1, new_<Mortal>(), {2, 3}});
      handles.send(new_<Mortal>());
    }
    for (int i = 0; i < kEach; ++i) {
      static_cast<void>(pointers.recv());
      static_cast<void>(structs.try_recv());
      static_cast<void>(handles.recv());
    }
  });
  CHECK(after_collections([] { return Mortal::ended >= 3 * kEach - 20; }));
  CHECK(handles.cap() + structs.cap() + pointers.cap() == 3 * kEach);
}

TEST_CASE("keep_alive keeps an object up to where it stands") {
  using Mortal = MortalOf<struct KeptAlive>;
  const int ended = Mortal::ended;
  Mortal* const mortal = new_<Mortal>();
  for (int i = 0; i < 3; ++i) gort::gc();
  gort::sleep(5ms);
  CHECK(Mortal::ended == ended);
  gort::keep_alive(mortal);
}

TEST_CASE("an empty slice at an object's end does not keep its neighbour") {
  const int ended = Mortal::ended;
  std::vector<gort::slice<Mortal>> empty;
  elsewhere([&] {
    for (int i = 0; i < 100; ++i) {
      auto two = make<gort::slice<Mortal>>(2);
      empty.push_back(two(2, 2));
    }
  });
  gort::gc();
  gort::gc();
  // Whether an empty slice keeps its own array is open; a hundred others may not be kept with it.
  elsewhere([] {
    for (int i = 0; i < 100; ++i) CHECK(make<gort::slice<Mortal>>(2).len() == 2);
  });
  CHECK(after_collections([&] { return Mortal::ended - ended >= 180; }));
}

TEST_CASE("cleanups run once with their argument after the object is gone") {  // 54
  std::atomic<int> ran{0}, sum{0};
  elsewhere([&] {
    for (int i = 0; i < 100; ++i) {
      Plain* const object = new_<Plain>();
      const auto f = [&ran, &sum](int argument) {
        sum += argument;
        ++ran;
      };
      gort::add_cleanup(object, f, 1);
      gort::add_cleanup(object, f, 10);
      gort::add_cleanup(&object->rest[3], f, 100);
    }
  });
  // One of a hundred may be kept by something that looks like its address.
  CHECK(after_collections([&] { return ran >= 3 * 95; }));
  gort::gc();
  gort::sleep(5ms);
  CHECK(ran <= 300);
  CHECK(eventually([&] { return sum == ran / 3 * 111; }));
}

TEST_CASE("a cleanup that allocates is collected meanwhile like any goroutine") {
  struct Chunk {
    std::uint64_t words[8'192];  // 64 KiB
  };
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  gort::gc();
  const auto before = gort::read_mem_stats();
  std::atomic<int> ran{0};
  elsewhere([&] {
    for (int i = 0; i < 10; ++i) {
      gort::add_cleanup(
          new_<Plain>(),
          [&ran](int chunks) {
            for (int n = 0; n < chunks; ++n) new_<Chunk>()->words[0] = 1;
            ++ran;
          },
          scaled(1'600));
    }
  });
  CHECK(after_collections([&] { return ran > 0; }));
  CHECK(eventually([&] { return ran >= 9; }));
  CHECK(gort::read_mem_stats().heap_sys < before.heap_sys + 64 * kMiB);
}

TEST_CASE("a cleanup that was stopped does not run") {
  std::atomic<int> wrong{0}, right{0};
  elsewhere([&] {
    for (int i = 0; i < 50; ++i) {
      Plain* const object = new_<Plain>();
      auto handle = gort::add_cleanup(
          object, [&wrong](int) { ++wrong; }, 0);
      gort::add_cleanup(
          object, [&right](int) { ++right; }, 0);
      handle.stop();
    }
  });
  CHECK(after_collections([&] { return right >= 45; }));
  gort::sleep(5ms);
  CHECK(wrong == 0);
}

TEST_CASE("a cleanup's argument lives until it has run") {
  std::atomic<int> right{0}, ran{0};
  elsewhere([&] {
    for (int i = 0; i < 50; ++i) {
      Plain* const object = new_<Plain>();
      ptr<Plain> argument = new_<Plain>();
      argument->value = 4'242;
      gort::add_cleanup(
          object,
          [&](ptr<Plain> p) {
            right += p->value == 4'242;
            ++ran;
          },
          argument);
    }
  });
  gort::gc();
  churn_heap(scaled(2'000));
  CHECK(after_collections([&] { return ran >= 45; }));
  CHECK(right == ran);
}

TEST_CASE("a weak reference gives its object while that is kept, and null afterwards") {  // 55
  weak<Plain> nothing;
  CHECK(nothing.lock() == nullptr);
  ptr<Plain> kept = new_<Plain>();
  kept->value = 8;
  weak<Plain> to_kept(kept);
  std::vector<weak<Plain>> to_dropped(100);
  elsewhere([&] {
    for (auto& reference : to_dropped) {
      Plain* const object = new_<Plain>();
      reference = weak<Plain>(object);
      CHECK(reference.lock() == object);
    }
  });
  CHECK(after_collections([&] {
    int alive = 0;
    for (auto& reference : to_dropped) alive += reference.lock() != nullptr;
    return alive <= 5;
  }));
  CHECK(to_kept.lock() == kept);
  CHECK(to_kept.lock()->value == 8);
  CHECK(weak<Plain>(kept) == to_kept);
}

TEST_CASE("a weak reference is null inside the destructor of its object") {
  WeakToItself::null_inside = 0;
  WeakToItself::ended = 0;
  elsewhere([] {
    for (int i = 0; i < 50; ++i) {
      WeakToItself* const object = new_<WeakToItself>();
      object->self = weak<WeakToItself>(object);
    }
  });
  CHECK(after_collections([] { return WeakToItself::ended >= 45; }));
  CHECK(WeakToItself::null_inside == WeakToItself::ended);
}

TEST_CASE("weak references may be asked by many while marking ends") {
  const int count = scaled(2'048);
  std::atomic<int> wrong{0};
  std::atomic<bool> over{false};
  {
    gort::wait_group askers;
    for (int i = 0; i < count; ++i) {
      askers.go([&] {
        while (!over.load()) {
          Plain* object = new_<Plain>();
          object->value = 31;
          weak<Plain> reference(object);
          asm volatile("" : "+r"(object));
          object = nullptr;
          gort::yield();
          // Whether it still lives is open; if so it is whole, and stays while it is held.
          if (Plain* const found = reference.lock()) {
            gort::yield();
            wrong += found->value != 31;
          }
        }
      });
    }
    for (int i = 0; i < 10; ++i) gort::gc();
    over = true;
    askers.wait();
  }
  CHECK(wrong == 0);
}

TEST_CASE("objects behind unreferenced timers and channels are collected") {  // 57
  const int rounds = scaled(2'000);
  gort::gc();
  gort::gc();
  const auto before = gort::read_mem_stats().heap_objects;
  elsewhere([&] {
    for (int i = 0; i < rounds; ++i) {
      gort::timer timer(std::chrono::hours(1));
      gort::ticker ticker(std::chrono::hours(1));
      make<gort::chan<std::uint64_t>>(10).send(1);
    }
  });
  CHECK(after_collections([&] {
    return gort::read_mem_stats().heap_objects < before + static_cast<std::uint64_t>(rounds);
  }));
}

TEST_CASE(
    "timers are gone after the collection that finds them, whatever a destructor does") {  // 57
  gort::gc();
  gort::gc();
  const auto go_on = make<gort::chan<int>>();
  struct Blocks {
    gort::chan<int> until;
    ~Blocks() { until.recv(); }
  };
  elsewhere([&] { (void)new_<Blocks>(go_on); });
  gort::gc();
  const auto before = gort::read_mem_stats().heap_objects;
  const int timers = scaled(10'000);
  elsewhere([&] {
    for (int i = 0; i < timers; ++i) (void)gort::after(std::chrono::hours(1));
  });
  for (int i = 0; i < 3; ++i) gort::gc();
  CHECK(gort::read_mem_stats().heap_objects < before + static_cast<std::uint64_t>(timers) / 4);
  go_on.close();
}

TEST_CASE("a timer that a destructor still has works in it") {
  static std::atomic<int> fired{0};
  struct Late {
    gort::recv_chan<gort::time_point> tick = gort::after(std::chrono::milliseconds(20));
    ~Late() { fired += tick.recv().has_value(); }
  };
  elsewhere([] { (void)new_<Late>(); });
  CHECK(after_collections([] { return fired == 1; }));
}

TEST_CASE("a program may make objects with destructors on end") {
  struct Ends {
    std::string text;
    gort::ptr<Plain> plain;
  };
  const std::size_t rounds = static_cast<std::size_t>(scaled(2'000'000));
  gort::gc();
  gort::gc();
  const std::uint64_t before = gort::read_mem_stats().heap_inuse;
  std::uint64_t most = 0;
  elsewhere([&] {
    const auto other = make<gort::chan<int>>();
    gort::wait_group sender;  // a chain with us, which goes before others
    sender.go([=] {
      for (std::size_t i = 0; i < rounds; ++i) other.send(1);
    });
    for (std::size_t i = 0; i < rounds; ++i) {
      (void)new_<Ends>();
      other.recv();
      if (i % 50'000 == 0) most = std::max(most, gort::read_mem_stats().heap_inuse);
    }
    sender.wait();
  });
  CHECK(most < before + (std::uint64_t{32} << 20));  // of 128 MB in all
}
