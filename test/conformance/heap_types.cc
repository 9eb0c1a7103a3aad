// What new_ and ptr are as types: what converts, what compares, where they may be, and what of
// types the collector is told.
//
// Not here: that what is reachable lives and the rest dies (gc_*.cc), ptr in std containers,
// atomic_ptr, weak (heap_references.cc).

#include "gc_support.h"

#include <array>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace conformance;
using gort::atomic_ptr;
using gort::new_;
using gort::ptr;
using gort::weak;
using gort::detail::holds_pointers;
using gort::detail::kind_of;
using gort::detail::map_of;
using gort::detail::needs_destructor;
using gort::detail::object_kind;

namespace {

struct Node {
  ptr<Node> next;
  int value = 7;
};
struct Derived : Node {
  int more = 8;
};
struct Second {
  virtual ~Second() = default;
  int second = 2;
};
struct Both : Node, Second {};
struct Incomplete;
struct HoldsIncomplete {
  ptr<Incomplete> part;
  atomic_ptr<Incomplete> atomic;
  weak<Incomplete> maybe;
};
struct Incomplete {
  int value = 12;
};

// --- kinds
struct Numbers {
  int a;
  double b;
  std::array<short, 5> c;
  enum { kX } d;
  std::optional<std::pair<int, char>> e;
};
struct Words {
  std::uint64_t words[100];
};
struct WithPointer {
  char name[20];
  int* raw;
};
struct Tagged {
  int tag;
  union {
    double number;
    Node* node;
  };
};
struct Disguise {
  alignas(8) std::byte storage[32];
};
struct Packet {
  unsigned char bytes[1500];
  unsigned length;
};
struct Bits {
  unsigned a : 3, b : 5;
  int c;
};
struct BitsAndPointer {
  unsigned a : 3, b : 5, c : 9;
  void* p;
};
struct Secretive {
  Secretive() {}

 private:
  [[maybe_unused]] std::uint64_t value_ = 0;
};
struct Ended {
  ptr<Node> node;
  ~Ended() { ++count; }
  static inline std::atomic<int> count{0};
};
struct Strings {
  ptr<Node> node;
  std::string text;
};
struct Handles {
  ptr<Node> a;
  weak<Node> b;
  std::array<ptr<Node>, 3> c;
  std::pair<ptr<Node>, int> d;
  std::optional<ptr<Node>> e;
};
class Declared {
  GORT_LAYOUT(Declared, first_, last_);
  GORT_NO_DESTRUCTOR(Declared);

 public:
  explicit Declared(Node* node) : first_(node), last_(node) {}
  Node* first() const { return first_; }
  Node* last() const { return last_; }

 private:
  ptr<Node> first_;
  [[maybe_unused]] std::uint64_t numbers_[98] = {};
  ptr<Node> last_;
};
class Inherits : public Declared {
 public:
  using Declared::Declared;
  ~Inherits() { ++Ended::count; }
  ptr<Node> mine;
};
struct Opaque {
  Opaque() {}
  ~Opaque() {}
  std::uint64_t number = 0;
};

static_assert(kind_of<int> == object_kind::noscan);
static_assert(kind_of<Numbers> == object_kind::noscan);
static_assert(kind_of<Words> == object_kind::noscan);
static_assert(kind_of<Packet> == object_kind::noscan);
static_assert(kind_of<Bits> == object_kind::noscan);
static_assert(kind_of<std::tuple<int, std::variant<char, float>>> == object_kind::noscan);
static_assert(kind_of<std::atomic<int>> == object_kind::noscan);
static_assert(kind_of<int*> == object_kind::scan);
static_assert(kind_of<void (*)(int)> == object_kind::noscan);
static_assert(kind_of<WithPointer> == object_kind::scan);
static_assert(kind_of<Tagged> == object_kind::scan);
static_assert(kind_of<Disguise> == object_kind::scan);
static_assert(kind_of<BitsAndPointer> == object_kind::scan);
static_assert(kind_of<Secretive> == object_kind::scan);
static_assert(kind_of<Node> == object_kind::scan);
static_assert(kind_of<Handles> == object_kind::scan);
static_assert(kind_of<HoldsIncomplete> == object_kind::scan);
static_assert(kind_of<Ended> == object_kind::destructible);
static_assert(kind_of<Strings> == object_kind::destructible);
static_assert(kind_of<std::shared_ptr<int>> == object_kind::destructible);
static_assert(kind_of<Declared> == object_kind::scan);
static_assert(kind_of<Inherits> == object_kind::destructible);
static_assert(kind_of<Opaque> == object_kind::destructible);

// --- maps
struct Mixed {
  std::uint64_t number;
  ptr<Node> node;
  char text[12];
  std::pair<int, int> pair;
  Node inner[2];
  Disguise unknown;
};
static_assert(map_of<Node>.bits[0] == 0b01);
static_assert(map_of<Mixed>.bits[0] == 0b1111'01'01'000'1'0);
static_assert(map_of<WithPointer>.bits[0] == 0b1000);
static_assert(map_of<Handles>.bits[0] == 0b11'01'111'10'1);
static_assert(map_of<Declared>.bits[0] == 1 && map_of<Declared>.bits[1] == 1ull << (99 - 64));
static_assert(map_of<Secretive>.bits[0] == 1);
static_assert(sizeof(ptr<Node>) == sizeof(void*) && sizeof(atomic_ptr<Node>) == sizeof(void*));

// --- conversions
static_assert(std::is_convertible_v<Node*, ptr<Node>> && std::is_convertible_v<ptr<Node>, Node*>);
static_assert(std::is_convertible_v<ptr<Derived>, ptr<Node>>);
static_assert(!std::is_convertible_v<ptr<Node>, ptr<Derived>>);
static_assert(std::is_convertible_v<ptr<Node>, ptr<const Node>>);
static_assert(!std::is_convertible_v<ptr<const Node>, ptr<Node>>);
static_assert(std::is_convertible_v<ptr<Node>, ptr<void>>);
static_assert(!std::is_convertible_v<ptr<Node>, ptr<int>>);
static_assert(!std::is_convertible_v<int, ptr<Node>>);
static_assert(std::is_nothrow_move_constructible_v<ptr<Node>> &&
              std::is_nothrow_copy_constructible_v<ptr<Node>> &&
              std::is_nothrow_move_assignable_v<ptr<Node>> && std::is_swappable_v<ptr<Node>>);
static_assert(!std::is_copy_constructible_v<atomic_ptr<Node>>);

ptr<Node> global;
thread_local ptr<Node> of_this_thread;

// Made before main, and gone after it.
struct BeforeMain {
  BeforeMain() : node(new_<Node>()) { node->value = 99; }
  ~BeforeMain() { node->value = 0; }
  ptr<Node> node;
} before_main;

}  // namespace

TEST_CASE("new_ gives zeroed, aligned storage and passes its arguments on") {
  struct Plain {
    int a, b;
    Plain* next;
  };
  struct alignas(4096) Aligned {
    int value;
  };
  struct NotCopied {
    explicit NotCopied(std::unique_ptr<int> p) : held(std::move(p)) {}
    std::unique_ptr<int> held;
  };
  int wrong = 0;
  for (int i = 0; i < 1000; ++i) {
    Plain* const plain = new_<Plain>();
    wrong += plain->a != 0 || plain->b != 0 || plain->next != nullptr;
    plain->a = plain->b = -1;
    plain->next = plain;
  }
  CHECK(wrong == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(new_<Aligned>()) % 4096 == 0);
  CHECK(new_<Plain>(1, 2)->b == 2);
  CHECK(*new_<NotCopied>(std::make_unique<int>(5))->held == 5);
  CHECK(new_<std::array<int, 3>>(1, 2, 3)->at(2) == 3);
  CHECK(*new_<const int>(6) == 6);
  CHECK(*new_<std::string>(3, 'x') == "xxx");
  CHECK(new_<Node>()->value == 7);
  CHECK(new_<Node>(nullptr, 8)->value == 8);
}

TEST_CASE("pointers to members are null in new objects, though that is not all zero bits") {
  struct Other {
    int first;
  };
  struct Selector {
    int Other::*which;
    int number;
  };
  struct Derived : Selector {
    ptr<int> more;
  };
  struct Holder {
    Derived inner[2];
    std::string name;
  };
  CHECK(*new_<int Other::*>() == nullptr);
  CHECK(new_<Selector>()->which == nullptr);
  CHECK(new_<Derived>()->which == nullptr);
  CHECK(new_<Holder>()->inner[1].which == nullptr);
  CHECK(new_<std::array<Selector, 3>>()->at(2).which == nullptr);
  CHECK(gort::make<gort::slice<Selector>>(2)[1].which == nullptr);
}

TEST_CASE("a constructor that throws leaves nothing whose destructor runs") {
  struct Throws {
    explicit Throws(bool now) {
      if (now) throw std::runtime_error("no");
    }
    ~Throws() { ++Ended::count; }
    std::shared_ptr<int> rest;
  };
  const int before = Ended::count;
  elsewhere([] {
    for (int i = 0; i < 100; ++i) {
      CHECK_THROWS_AS(static_cast<void>(new_<Throws>(true)), std::runtime_error);
    }
  });
  for (int i = 0; i < 3; ++i) gort::gc();
  gort::sleep(5ms);
  CHECK(Ended::count == before);
}

TEST_CASE("ptr is used like a pointer") {
  ptr<Node> p;
  CHECK(p == nullptr);
  CHECK_FALSE(p);
  p = new_<Node>();
  CHECK(p);
  CHECK(p != nullptr);
  CHECK(p->value == 7);
  (*p).value = 8;
  Node* const raw = p;
  CHECK(p == raw);
  CHECK(raw == p);
  ptr<Node> q(p), r = raw;
  CHECK(q == r);
  CHECK_FALSE(q < r);
  CHECK((q <=> r) == std::strong_ordering::equal);
  ptr<const Node> c = p;
  CHECK(c == p);
  ptr<void> v = p;
  CHECK(v == p);
  CHECK(static_cast<Node*>(v.get())->value == 8);
  ptr<Node> other = new_<Node>();
  swap(p, other);
  CHECK(other == raw);
  CHECK(p != raw);
  std::swap(p, other);
  CHECK(p == raw);
  q = std::move(p);
  CHECK(p == raw);  // moving copies
  p = {};
  CHECK_FALSE(p);
  q = nullptr;
  CHECK(q.get() == nullptr);
  const auto deduced = ptr(raw);
  static_assert(std::is_same_v<decltype(deduced), const ptr<Node>>);
  std::ostringstream by_ptr, by_pointer;
  by_ptr << r;
  by_pointer << raw;
  CHECK(by_ptr.str() == by_pointer.str());
  ptr<Node>& itself = r;
  r = itself;
  CHECK(r == raw);
}

TEST_CASE("ptr converts between classes as pointers do") {
  ptr<Both> both = new_<Both>();
  ptr<Second> second = both;
  CHECK(second->second == 2);
  CHECK(second == static_cast<Second*>(both.get()));
  second = both;
  ptr<Node> node = new_<Derived>();
  CHECK(gort::static_pointer_cast<Derived>(node)->more == 8);
  CHECK(gort::dynamic_pointer_cast<Both>(second) == both);
  CHECK_FALSE(gort::dynamic_pointer_cast<Both>(ptr<Second>(new_<Second>())));
  ptr<Both> null;
  second = null;
  CHECK_FALSE(second);
}

TEST_CASE("ptr points into objects and arrays, too") {
  auto* const array = new_<std::array<int, 100>>();
  ptr<int> element = &(*array)[40];
  (*array)[40] = 1;
  (*array)[41] = 2;
  CHECK(*element == 1);
  CHECK(element[1] == 2);
  CHECK(*(element + 1) == 2);
  CHECK(element - &(*array)[0] == 40);
}

TEST_CASE("ptr keeps its object wherever it is itself") {
  auto in_malloc = std::make_unique<Node>();
  std::vector<Node> in_vector(3);
  std::function<int()> captured;
  Node* const in_heap = new_<Node>();
  elsewhere([&] {
    const auto make = [](int value) {
      Node* const node = new_<Node>();
      node->value = value;
      return node;
    };
    global = make(1);
    in_malloc->next = make(2);
    in_vector[2].next = make(3);
    captured = [p = ptr<Node>(make(4))] { return p->value; };
    in_heap->next = make(5);
  });
  std::atomic<int> step{0}, of_thread{0};
  std::thread thread([&] {
    of_this_thread = new_<Node>();
    of_this_thread->value = 6;
    step = 1;
    while (step != 2) std::this_thread::yield();
    of_thread = of_this_thread->value;
  });
  while (step != 1) gort::yield();
  for (int i = 0; i < 2; ++i) {
    gort::gc();
    churn_heap(scaled(2'000));
  }
  step = 2;
  thread.join();
  CHECK(global->value == 1);
  CHECK(in_malloc->next->value == 2);
  CHECK(in_vector[2].next->value == 3);
  CHECK(captured() == 4);
  CHECK(in_heap->next->value == 5);
  CHECK(of_thread == 6);
  CHECK(before_main.node->value == 99);
  gort::keep_alive(in_heap);
  global = nullptr;
}

TEST_CASE("an incomplete type is good enough to be referred to") {
  HoldsIncomplete* const holder = new_<HoldsIncomplete>();
  holder->part = new_<Incomplete>();
  holder->atomic = holder->part;
  holder->maybe = holder->part;
  CHECK(holder->part->value == 12);
  CHECK(holder->atomic.load() == holder->part);
  CHECK(holder->maybe.lock() == holder->part);
}

TEST_CASE("objects with declared layouts keep what they name") {
  Declared* declared = nullptr;
  elsewhere([&] {
    Node* const node = new_<Node>();
    node->value = 3;
    declared = new_<Declared>(node);
  });
  ptr<Declared> kept = declared;
  for (int i = 0; i < 2; ++i) {
    gort::gc();
    churn_heap(scaled(2'000));
  }
  CHECK(kept->first()->value == 3);
  CHECK(kept->last() == kept->first());
}
