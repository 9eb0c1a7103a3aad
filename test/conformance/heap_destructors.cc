// Which classes are seen to need their destructor, and which to need none.
//
// A destructor that the user wrote is always run; an aggregate of gort's handles and of what is
// trivially destroyed costs nothing more than its fields.
// Not here: when destructors run (gc_ends.cc), layouts (heap_types.cc).

#include "gc_support.h"

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace conformance;
using gort::atomic_ptr;
using gort::new_;
using gort::ptr;
using gort::detail::needs_destructor;

namespace {

struct Node {
  ptr<Node> next;
};
struct NotLiteral {
  NotLiteral() : value(1) {}
  int value;
};

// --- with a destructor of their own
struct Plain {
  ptr<Node> p;
  ~Plain() {}
};
struct MoveAssigned {
  ptr<Node> p;
  MoveAssigned& operator=(MoveAssigned&&) noexcept = default;
  ~MoveAssigned() {}
};
struct BothAssigned {
  ptr<Node> p;
  BothAssigned& operator=(const BothAssigned&) = default;
  BothAssigned& operator=(BothAssigned&&) noexcept = default;
  ~BothAssigned() {}
};
struct NothrowCopied {
  ptr<Node> p;
  NothrowCopied& operator=(const NothrowCopied& other) noexcept {
    p = other.p;
    return *this;
  }
  ~NothrowCopied() {}
};
struct AssignedFromAll {
  ptr<Node> p;
  template <class T>
  AssignedFromAll& operator=(T&&) noexcept {
    return *this;
  }
  ~AssignedFromAll() {}
};
struct Constant {
  const int number;
  ptr<Node> p;
  ~Constant() {}
};
struct Atomic {
  std::atomic<int> number;
  ptr<Node> p;
  ~Atomic() {}
};
struct AtomicPointer {
  int number;
  atomic_ptr<Node> p;
  ~AtomicPointer() {}
};
struct Locked {
  gort::mutex mutex;
  ptr<Node> p;
  ~Locked() {}
};
struct ConstantOfNotLiteral {
  const NotLiteral number;
  ptr<Node> p;
  ~ConstantOfNotLiteral() {}
};
struct ConstexprMoved {
  ptr<Node> p;
  ConstexprMoved& operator=(ConstexprMoved&&) noexcept = default;
  constexpr ~ConstexprMoved() {}
};
struct ConstexprOfAtomic {
  std::atomic<int> number;
  constexpr ~ConstexprOfAtomic() {}
};
struct OfChannel {
  gort::chan<int> c;
  OfChannel& operator=(OfChannel&&) noexcept = default;
  ~OfChannel() {}
};
static_assert(needs_destructor<Plain> && needs_destructor<MoveAssigned> &&
              needs_destructor<BothAssigned> && needs_destructor<NothrowCopied> &&
              needs_destructor<AssignedFromAll>);
static_assert(needs_destructor<Constant> && needs_destructor<Atomic> &&
              needs_destructor<AtomicPointer> && needs_destructor<Locked> &&
              needs_destructor<ConstantOfNotLiteral> && needs_destructor<ConstexprMoved> &&
              needs_destructor<OfChannel> && needs_destructor<ConstexprOfAtomic>);
struct Inner {
  int number;
  MoveAssigned inner;
};
static_assert(needs_destructor<Inner> && needs_destructor<Inner[2]>);

// --- fields that need one
template <class T>
struct With {
  ptr<Node> p;
  const T other;
};
static_assert(needs_destructor<With<std::string>> && needs_destructor<With<std::vector<int>>> &&
              needs_destructor<With<std::unique_ptr<int>>> &&
              needs_destructor<With<std::shared_ptr<int>>>);

// --- without
template <class... F>
struct Fields;
template <class A>
struct Fields<A> {
  A a;
};
template <class A, class B>
struct Fields<A, B> {
  A a;
  B b;
};
template <class T>
constexpr bool is_free =
    !needs_destructor<Fields<T>> && !needs_destructor<Fields<int, T>> &&
    !needs_destructor<Fields<const int, T>> && !needs_destructor<Fields<std::atomic<int>, T>> &&
    !needs_destructor<Fields<gort::mutex, T>> && !needs_destructor<Fields<T, gort::rw_mutex>> &&
    !needs_destructor<Fields<NotLiteral, T>> && !needs_destructor<Fields<T, atomic_ptr<Node>>> &&
    !needs_destructor<Fields<T[3], std::string_view>>;
static_assert(is_free<ptr<Node>> && is_free<gort::weak<Node>> && is_free<gort::slice<int>> &&
              is_free<gort::string> && is_free<gort::map<int, gort::string>>);
static_assert(is_free<gort::chan<int>> && is_free<gort::send_chan<int>> &&
              is_free<gort::recv_chan<int>>);
static_assert(!needs_destructor<Fields<int, atomic_ptr<Node>>> &&
              !needs_destructor<Fields<gort::once, atomic_ptr<Node>>>);
static_assert(!needs_destructor<Fields<const int, Fields<gort::mutex, ptr<Node>>>>);

// None of it makes a constant of a handle, which nobody would enter in the table of roots.
template <class T>
concept can_be_constant = requires {
  typename std::bool_constant<(T(), true)>;
};
static_assert(can_be_constant<int> && !can_be_constant<ptr<Node>> &&
              !can_be_constant<gort::string> && !can_be_constant<gort::chan<int>>);

std::atomic<int> ended{0};
struct Counted {
  ptr<Node> p;
  Counted& operator=(Counted&&) noexcept = default;
  ~Counted() { ++ended; }
};
ptr<Cell> global;

}  // namespace

TEST_CASE("a destructor runs though the class also moves by default") {
  constexpr int kCount = 200;
  elsewhere([] {
    for (int i = 0; i < kCount; ++i) (void)new_<Counted>(new_<Node>());
  });
  CHECK(after_collections([] { return ended.load() >= kCount - 10; }));
}

TEST_CASE("a global handle keeps its object, and one in a dead variable does not") {
  elsewhere([] { global = new_cell(4); });
  wipe_stack();
  collect_and_churn();
  CHECK(global->holds(4));
  global = nullptr;

  struct Tag;
  using Mine = MortalOf<Tag>;
  constexpr int kCount = 100;
  elsewhere([] {
    for (int i = 0; i < kCount; ++i) {
      auto malloced = std::make_unique<Fields<int, ptr<Mine>>>(1, new_<Mine>());
      gort::keep_alive(malloced->b);
    }
  });
  CHECK(after_collections([] { return Mine::ended.load() >= kCount - 10; }));
}
