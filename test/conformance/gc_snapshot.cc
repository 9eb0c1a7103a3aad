// What is taken out of an object that the collector has not reached yet.
//
// That is the case the write barrier exists for, and random programs rarely meet it: marking a
// small heap is over in microseconds. Here it takes its time: the things lie behind a long list,
// which is marked node by node. As soon as marking has begun a goroutine takes the things out, each
// in a way that overwrites the only reference in memory, and keeps them in its own frame, which has
// been scanned. When the cycle is over and freed memory used again they must still be there.
//
// The goroutine finds the place behind the list by an address that is no address, its complement,
// and leaves no trace of it in its frames, or else the place would be marked first, from there.
// Not here: what can be reached without being moved -> gc_reachability.cc.

#include "gc_support.h"

#include <array>

using namespace conformance;
using gort::atomic_ptr;
using gort::chan;
using gort::make;
using gort::map;
using gort::new_;
using gort::ptr;
using gort::slice;

namespace {

constexpr std::size_t kThings = 64;

struct Thing {
  std::uint64_t number;
  std::uint64_t inverse;
  ptr<Thing> twin;  // reached through it alone

  bool is(std::uint64_t n) const {
    return number == n && inverse == ~n && twin && twin->number == n + 1'000;
  }
};
Thing* new_thing(std::uint64_t number) {
  Thing* const thing = new_<Thing>();
  thing->number = number;
  thing->inverse = ~number;
  thing->twin = new_<Thing>();
  thing->twin->number = number + 1'000;
  return thing;
}

// Places for things: put all, take one so that nothing refers to it any more.

struct Pointers {
  std::array<ptr<Thing>, kThings> slots;
  void put(std::size_t i, Thing* thing) { slots[i] = thing; }
  Thing* take(std::size_t i) {
    Thing* const thing = slots[i];
    slots[i] = nullptr;
    return thing;
  }
};

struct Exchanged {
  std::array<atomic_ptr<Thing>, kThings> slots;
  void put(std::size_t i, Thing* thing) { slots[i].store(thing); }
  Thing* take(std::size_t i) {
    if (i % 2 == 0) return slots[i].exchange(nullptr);
    Thing* thing = slots[i].load();
    return slots[i].compare_exchange_strong(thing, nullptr) ? thing : nullptr;
  }
};

struct Copied {
  slice<ptr<Thing>> slots = make<slice<ptr<Thing>>>(kThings);
  slice<ptr<Thing>> nothing = make<slice<ptr<Thing>>>(1);
  void put(std::size_t i, Thing* thing) { slots[i] = thing; }
  Thing* take(std::size_t i) {
    Thing* const thing = slots[i];
    gort::copy(slots(i, i + 1), nothing);
    return thing;
  }
};

struct Erased {
  map<std::size_t, ptr<Thing>> things = make<map<std::size_t, ptr<Thing>>>();
  void put(std::size_t i, Thing* thing) { things[i] = thing; }
  Thing* take(std::size_t i) {
    Thing* const thing = *things.find(i);
    things.erase(i);
    return thing;
  }
};

// What is sent instead takes the place that was freed.
template <class Element>
struct Received {
  chan<Element> things = make<chan<Element>>(kThings);
  void put(std::size_t, Thing* thing) {
    if (things.len() == kThings) things.recv();
    things.send(thing);
  }
  Thing* take(std::size_t) {
    const auto thing = things.recv();
    things.send(nullptr);
    return *thing;
  }
};

// These may be gone, but not after they were given. Nothing else refers to them:
struct Locked {
  static constexpr bool kMayBeGone = true;
  std::array<gort::weak<Thing>, kThings> slots;
  void put(std::size_t i, Thing* thing) { slots[i] = gort::weak<Thing>(thing); }
  Thing* take(std::size_t i) { return slots[i].lock(); }
};
// Collections empty it.
template <class Value>
struct Pooled {
  static constexpr bool kMayBeGone = true;
  std::array<gort::pool<Value>, kThings> slots;
  void put(std::size_t i, Thing* thing) { slots[i].put(thing); }
  Thing* take(std::size_t i) { return slots[i].get(); }
};
template <class Place>
constexpr bool may_be_gone() {
  return requires { Place::kMayBeGone; };
}

template <class Place>
struct Node {
  ptr<Node> next;
  ptr<Place> place;  // of the last one
};

// The list, and at its end the place, full.
template <class Place>
[[gnu::noinline]] Node<Place>* new_list(std::uint64_t& hidden) {
  auto* const last = new_<Node<Place>>();
  last->place = new_<Place>();
  hidden = ~reinterpret_cast<std::uint64_t>(last->place.get());
  for (std::size_t i = 0; i < kThings; ++i) last->place->put(i, new_thing(i));
  Node<Place>* first = last;
  for (int i = 0; i < scaled(100'000); ++i) {
    auto* const node = new_<Node<Place>>();
    node->next = first;
    first = node;
  }
  return first;
}

template <class Place>
[[gnu::noinline]] Thing* take_from(std::uint64_t hidden, std::size_t i) {
  return reinterpret_cast<Place*>(~hidden)->take(i);
}
template <class Place>
[[gnu::noinline]] void put_into(std::uint64_t hidden, std::size_t i, Thing* thing) {
  reinterpret_cast<Place*>(~hidden)->put(i, thing);
}

// Takes all, and fills the memory that a cycle then frees; how many were lost.
template <class Place>
[[gnu::noinline]] int take_and_look(std::uint64_t hidden, const std::atomic<int>& cycles) {
  std::array<Thing*, kThings> taken{};
  while (gort::detail::is_marking()) gort::yield();
  while (!gort::detail::is_marking()) gort::yield();
  for (std::size_t i = 0; i < kThings; ++i) taken[i] = take_from<Place>(hidden, i);
  wipe_stack();
  for (const int now = cycles; cycles == now;) gort::yield();
  for (int i = scaled(20'000); i > 0; --i) new_thing(0xdead);
  int lost = 0;
  for (std::size_t i = 0; i < kThings; ++i) {
    const bool gone = taken[i] == nullptr;
    lost += gone ? !may_be_gone<Place>() : !taken[i]->is(i);
    if (gone) taken[i] = new_thing(i);
  }
  for (std::size_t i = 0; lost == 0 && i < kThings; ++i) put_into<Place>(hidden, i, taken[i]);
  return lost;
}

// How many things were not what they had been.
template <class Place>
int lost_while_marking() {
  std::atomic<std::uint64_t> hidden{0};
  std::atomic<int> cycles{0};
  std::atomic<bool> over{false};
  gort::wait_group collecting;
  collecting.go([&] {
    std::uint64_t place = 0;
    const ptr<Node<Place>> first = new_list<Place>(place);
    wipe_stack();
    hidden = place;
    while (!over) {
      gort::gc();
      ++cycles;
      gort::yield();
    }
  });
  while (hidden == 0) gort::yield();
  int lost = 0;
  for (int round = 0; round < 20 && lost == 0; ++round) {
    lost = take_and_look<Place>(hidden, cycles);
    wipe_stack();
  }
  over = true;
  collecting.wait();
  return lost;
}

}  // namespace

TEST_CASE("what was taken out of a ptr while marking survives") {
  CHECK(lost_while_marking<Pointers>() == 0);
}
TEST_CASE("what was exchanged for something else while marking survives") {
  CHECK(lost_while_marking<Exchanged>() == 0);
}
TEST_CASE("what was copied over while marking survives") {
  CHECK(lost_while_marking<Copied>() == 0);
}
TEST_CASE("what was erased from a map while marking survives") {
  CHECK(lost_while_marking<Erased>() == 0);
}
TEST_CASE("what a weak reference gave while marking survives") {
  CHECK(lost_while_marking<Locked>() == 0);
}
TEST_CASE("what was received from a channel's buffer while marking survives") {
  CHECK(lost_while_marking<Received<Thing*>>() == 0);
  CHECK(lost_while_marking<Received<ptr<Thing>>>() == 0);
}
TEST_CASE("what was taken out of a pool while marking survives") {
  CHECK(lost_while_marking<Pooled<Thing*>>() == 0);
  CHECK(lost_while_marking<Pooled<ptr<Thing>>>() == 0);
}
