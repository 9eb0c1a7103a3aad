// References: ptr in std containers; atomic_ptr and weak, and many threads that use one at once.
//
// Not here: ptr by itself (heap_types.cc), when a weak reference becomes null (gc_ends.cc).

#include "gc_support.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <unordered_set>
#include <vector>

using namespace conformance;
using gort::atomic_ptr;
using gort::new_;
using gort::ptr;
using gort::weak;

namespace {

struct Node {
  ptr<Node> next;
  int value = 7;
};
struct Second {
  virtual ~Second() = default;
  int second = 2;
};
struct Both : Node, Second {};

}  // namespace

TEST_CASE("ptr is an element of any container and a key") {
  Node* const a = new_<Node>();
  Node* const b = new_<Node>();
  std::unordered_set<ptr<Node>> hashed{a, b, a};
  CHECK(hashed.size() == 2);
  CHECK(hashed.contains(b));
  std::set<ptr<Node>> ordered{a, b, a};
  CHECK(ordered.size() == 2);
  std::map<ptr<Node>, int, std::less<>> by_key;
  by_key[a] = 1;
  CHECK(by_key.find(a)->second == 1);
  std::vector<ptr<Node>> vector{a, b};
  vector.insert(vector.begin(), 100, a);
  vector.erase(vector.begin(), vector.begin() + 100);
  CHECK(vector == std::vector<ptr<Node>>{a, b});
  std::optional<ptr<Node>> maybe = ptr<Node>(a);
  maybe.reset();
  std::variant<int, ptr<Node>> either = ptr<Node>(b);
  either = 5;
  std::tuple<ptr<Node>, int> tuple(a, 1);
  CHECK(std::get<0>(tuple) == a);
  std::function<int()> f = [p = ptr<Node>(a)] { return p->value; };
  CHECK(f() == 7);
}

TEST_CASE("atomic_ptr has the operations of an atomic pointer") {
  Node* const a = new_<Node>();
  Node* const b = new_<Node>();
  atomic_ptr<Node>& atomic = *new_<atomic_ptr<Node>>();
  CHECK(atomic.load() == nullptr);
  atomic = a;
  CHECK(atomic == a);
  atomic.store(b, std::memory_order_release);
  CHECK(atomic.load(std::memory_order_acquire) == b);
  atomic.store(a, std::memory_order_relaxed);
  CHECK(atomic.exchange(b, std::memory_order_acq_rel) == a);
  Node* expected = a;
  CHECK_FALSE(atomic.compare_exchange_strong(expected, a));
  CHECK(expected == b);
  CHECK(atomic.compare_exchange_strong(expected, a, std::memory_order_release,
                                       std::memory_order_relaxed));
  CHECK(atomic.load() == a);
  ptr<Node> in_ptr = a;
  CHECK(atomic.compare_exchange_weak(in_ptr, nullptr));
  CHECK_FALSE(atomic.load());
}

TEST_CASE(
    "a stack of nodes linked by atomic_ptr loses and doubles nothing while memory is collected") {
  struct Stack {
    atomic_ptr<Node> head;
    void push(Node* node) {
      Node* head_now = head.load();
      do {
        node->next = head_now;
      } while (!head.compare_exchange_weak(head_now, node));
    }
    Node* take_all() { return head.exchange(nullptr); }
  };
  Stack& stack = *new_<Stack>();
  const int each = scaled(20'000);
  std::atomic<std::int64_t> taken{0}, sum{0};
  std::atomic<bool> over{false};
  {
    ConstantCollection collecting;
    gort::wait_group pushers, taker;
    for (int g = 0; g < 4; ++g) {
      pushers.go([&, g] {
        for (int i = 0; i < each; ++i) stack.push(new_<Node>(nullptr, g * each + i));
      });
    }
    taker.go([&] {
      for (bool last = false; !last;) {
        last = over.load();
        for (Node* node = stack.take_all(); node != nullptr; node = node->next) {
          ++taken;
          sum += node->value;
        }
        gort::yield();
      }
    });
    pushers.wait();
    over = true;
    taker.wait();
  }
  const std::int64_t all = 4 * std::int64_t{each};
  CHECK(taken == all);
  CHECK(sum == all * (all - 1) / 2);
}

TEST_CASE("weak references compare and convert by what they were made of") {
  Node* const a = new_<Node>();
  Node* const b = new_<Node>();
  weak<Node> to_a(a), to_b(b), nothing;
  CHECK(to_a == weak<Node>(a));
  CHECK(to_a != to_b);
  CHECK(nothing == weak<Node>(nullptr));
  CHECK(nothing.lock() == nullptr);
  CHECK(to_a.lock() == a);
  weak<Node> copy = to_a;
  copy = to_b;
  CHECK(copy == to_b);
  CHECK(std::hash<weak<Node>>()(copy) == std::hash<weak<Node>>()(to_b));
  weak<int> to_part(&a->value);
  CHECK(to_part.lock() == &a->value);
  ptr<Both> both = new_<Both>();
  weak<Second> second = weak<Both>(both);
  CHECK(second.lock() == static_cast<Second*>(both.get()));
  to_a = nullptr;
  CHECK(to_a == nothing);
  gort::keep_alive(a);
  gort::keep_alive(b);
}

TEST_CASE("weak references and cleanups of what is not collected are refused") {
  int local = 0;
  auto in_malloc = std::make_unique<int>(0);
  CHECK_THROWS_AS(static_cast<void>(weak<int>(&local)), gort::runtime_error);
  CHECK_THROWS_AS(static_cast<void>(weak<int>(in_malloc.get())), gort::runtime_error);
  CHECK_THROWS_AS(gort::add_cleanup(
                      &local, [](int) {}, 0),
                  gort::runtime_error);
  CHECK_THROWS_AS(gort::add_cleanup(
                      static_cast<Node*>(nullptr), [](int) {}, 0),
                  gort::runtime_error);
  Node* const node = new_<Node>();
  CHECK_THROWS_WITH_AS(gort::add_cleanup(
                           node, [](Node*) {}, node),
                       "runtime.AddCleanup: ptr is equal to arg, cleanup will never run",
                       gort::runtime_error);
  gort::cleanup none;
  CHECK_FALSE(none.stop());
  const gort::cleanup some = gort::add_cleanup(
      node, [](int) {}, 0);
  CHECK(some.stop());
  CHECK_FALSE(some.stop());
  gort::keep_alive(node);
}

TEST_CASE("atomic_ptr has a pointer's arithmetic") {
  auto* const array = new_<std::array<int, 4>>();
  atomic_ptr<int> atomic = array->data();
  static_assert(std::is_same_v<atomic_ptr<int>::difference_type, std::ptrdiff_t>);
  CHECK(atomic.fetch_add(2) == &(*array)[0]);
  CHECK(atomic.fetch_sub(1, std::memory_order_relaxed) == &(*array)[2]);
  CHECK(atomic++ == &(*array)[1]);
  CHECK(++atomic == &(*array)[3]);
  CHECK(atomic-- == &(*array)[3]);
  CHECK(--atomic == &(*array)[1]);
  CHECK((atomic += 2) == &(*array)[3]);
  CHECK((atomic -= 3) == array->data());
}

TEST_CASE("what an atomic_ptr holds becomes a ptr, and a ptr may be what it is expected to hold") {
  atomic_ptr<Both> atomic = new_<Both>();
  ptr<Both> same = atomic;
  ptr<Second> base = atomic;
  CHECK(same == atomic.load());
  CHECK(base == static_cast<Second*>(same));
  same = nullptr;
  same = atomic;
  base = atomic;
  CHECK(same == atomic.load());
  CHECK(atomic.compare_exchange_strong(same, nullptr, std::memory_order_acq_rel,
                                       std::memory_order_relaxed));
  CHECK_FALSE(atomic.compare_exchange_weak(same, nullptr, std::memory_order_release));
  CHECK(same == nullptr);
  CHECK(atomic.compare_exchange_weak(same, nullptr, std::memory_order_release,
                                     std::memory_order_relaxed));
  CHECK(atomic.compare_exchange_strong(same, nullptr, std::memory_order_seq_cst));
}

TEST_CASE("wait returns when an atomic_ptr holds something else and that was said") {
  NoGoroutineLeft leak;
  atomic_ptr<Node>& atomic = *new_<atomic_ptr<Node>>();
  Node* const first = new_<Node>();
  atomic = first;
  atomic.wait(nullptr);  // it does already
  Started waiter([&] { atomic.wait(first); });
  CHECK(waiter.blocks());
  atomic.notify_all();
  CHECK(waiter.blocks());  // it still holds that
  atomic = new_<Node>();
  atomic.notify_one();
  CHECK(waiter.ends());
}

TEST_CASE("notify_one wakes one and notify_all the others, goroutines and threads") {
  NoGoroutineLeft leak;
  atomic_ptr<Node>& atomic = *new_<atomic_ptr<Node>>();
  std::atomic<int> woken{0};
  Started a([&] {
    atomic.wait(nullptr);
    ++woken;
  });
  CHECK(a.waits());
  Started b([&] {
    atomic.wait(nullptr);
    ++woken;
  });
  CHECK(b.waits());
  atomic = new_<Node>();
  atomic.notify_one();
  CHECK(a.ends());
  CHECK(woken.load() == 1);
  Node* const now = atomic.load();
  std::thread thread([&] {
    atomic.wait(now);
    ++woken;
  });
  gort::sleep(1ms);
  atomic = new_<Node>();
  atomic.notify_all();
  CHECK(b.ends());
  gort::blocking([&] { thread.join(); });
  CHECK(woken.load() == 3);
}

TEST_CASE("goroutines that hand a node to and fro by wait and notify never hang") {
  atomic_ptr<Node>& atomic = *new_<atomic_ptr<Node>>();
  Node* const ping = new_<Node>();
  Node* const pong = new_<Node>();
  const int rounds = scaled(5'000);
  atomic = ping;
  gort::wait_group both;
  const auto play = [&](Node* other) {  // whoever finds its own makes it the other's
    for (int i = 0; i < rounds; ++i) {
      atomic.wait(other);
      atomic = other;
      atomic.notify_one();
    }
  };
  both.go([&] { play(pong); });
  both.go([&] { play(ping); });
  both.wait();
  CHECK(atomic.load() == ping);
}

TEST_CASE("a weak reference is made of whatever converts to its pointer") {
  ptr<Both> both = new_<Both>();
  weak<Both> same = both;
  weak<Second> base(both);
  weak<Second> raw = both.get();
  CHECK(same.lock() == both);
  CHECK(base.lock() == static_cast<Second*>(both));
  CHECK(base == raw);
  base = nullptr;
  CHECK(base.lock() == nullptr);
  base = both;
  CHECK(base == raw);
  raw = {};
  CHECK(raw.lock() == nullptr);
  raw = both.get();
  CHECK(base == raw);
  raw = same;
  CHECK(base == raw);
  const auto takes = [](weak<Node> w) { return w.lock() != nullptr; };
  CHECK(takes(both));
  static_assert(std::is_constructible_v<weak<const Both>, ptr<Both>> &&
                !std::is_constructible_v<weak<Both>, ptr<Second>>);
}

TEST_CASE("algorithms compare ptr with pointers") {
  Node* const node = new_<Node>();
  const std::vector<ptr<Node>> nodes{new_<Node>(), node, nullptr};
  CHECK(std::ranges::find(nodes, node) == nodes.begin() + 1);
  CHECK(std::ranges::find(nodes, static_cast<const Node*>(node)) == nodes.begin() + 1);
  CHECK(std::ranges::find(nodes, nullptr) == nodes.begin() + 2);
  CHECK(std::ranges::count(nodes, ptr<Node>(node)) == 1);
  static_assert(std::is_same_v<std::common_type_t<ptr<Node>, Node*>, Node*> &&
                std::is_same_v<std::common_type_t<Both*, ptr<Second>>, Second*>);
  static_assert(std::equality_comparable_with<ptr<Both>, Second*>);
}

TEST_CASE("a cleanup's function may take its argument by reference") {
  static std::atomic<int> sum{0};
  elsewhere([] {
    for (int i = 0; i < 100; ++i) {
      gort::add_cleanup(
          new_<Node>(), [](int& n) { sum += n; }, 1);
    }
  });
  CHECK(after_collections([] { return sum.load() >= 90; }));
}
