// References: ptr in std containers; atomic_ptr and weak, and many threads that use one at once.
//
// Not here: ptr by itself (heap_types.cc), when a weak reference becomes null (gc_ends.cc).

#include "gc_support.h"

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
                       "add_cleanup: arg is equal to the pointer: it would never run",
                       gort::runtime_error);
  gort::cleanup none;
  CHECK_FALSE(none.stop());
  gort::cleanup some = gort::add_cleanup(
      node, [](int) {}, 0);
  CHECK(some.stop());
  CHECK_FALSE(some.stop());
  gort::keep_alive(node);
}
