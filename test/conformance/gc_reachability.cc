// What the collector must not take: everything that can be reached, wherever the reference is.
//
// The first half is Go's tests of deep and interior pointers; the second half is the rule that a
// handle is right wherever it lives: in collected objects, on stacks of goroutines and threads, in
// malloc'd memory, globals, thread-locals and captures.
// Not here: that what cannot be reached goes away -> gc_ends.cc, gc_numbers.cc.

#include "gc_support.h"

#include <array>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;
using gort::new_;
using gort::ptr;

namespace {

template <int Depth>
struct Nested {
  std::array<Nested<Depth - 1>, 2> parts;
};
template <>
struct Nested<0> {
  ptr<Cell> cell;
};
ptr<Cell>& first_of(Nested<0>& nested) { return nested.cell; }
template <int Depth>
ptr<Cell>& first_of(Nested<Depth>& nested) {
  return first_of(nested.parts[0]);
}

struct Link {
  unsigned char bytes[40];
  ptr<unsigned char> below;  // into the middle of another Link
};

[[gnu::noinline]] int recurse_and_collect(int depth, Cell** caller) {
  Cell* const mine = new_cell(static_cast<std::uint64_t>(depth));
  *caller = mine;
  Cell* below = nullptr;
  int right = 0;
  if (depth == 0) {
    collect_and_churn();
  } else {
    right = recurse_and_collect(depth - 1, &below);
    right += below->holds(static_cast<std::uint64_t>(depth) - 1);
  }
  return right + mine->holds(static_cast<std::uint64_t>(depth));
}

ptr<Cell> global_cell;
thread_local ptr<Cell> thread_cell;

}  // namespace

TEST_CASE("what only a deeply nested object refers to survives") {  // 44
  auto* nested = new_<Nested<10>>();
  first_of(*nested) = new_cell(13);
  collect_and_churn();
  CHECK(first_of(*nested)->holds(13));

  struct Box {
    ptr<Box> inner;
    ptr<Cell> cell;
  };
  Box* outer = new_<Box>();
  Box* box = outer;
  for (int i = 0; i < 10; ++i) {
    Box* const inner = new_<Box>();
    box->inner = inner;
    box = inner;
  }
  box->cell = new_cell(14);
  collect_and_churn();
  box = outer;
  while (box->inner != nullptr) box = box->inner;
  CHECK(box->cell->holds(14));
}

TEST_CASE("a pointer into an object keeps all of it") {  // 45
  unsigned char* top = nullptr;
  for (int i = 0; i < 10; ++i) {
    Link* const link = new_<Link>();
    std::memset(link->bytes, 42, sizeof link->bytes);
    link->below = top;
    top = &link->bytes[7 + i];
    gort::gc();
  }
  churn_heap(scaled(2'000));
  int links = 0, right = 0;
  for (int i = 9; i >= 0; --i) {
    const Link* const link = reinterpret_cast<Link*>(top - 7 - i);
    for (const unsigned char byte : link->bytes) right += byte == 42;
    top = link->below;
    ++links;
  }
  CHECK(links == 10);
  CHECK(right == 400);
  CHECK(top == nullptr);
}

TEST_CASE("a raw pointer on the stack keeps its object, also one past the end") {
  Cell* const cell = new_cell(1);
  auto* const array = new_<std::array<std::uint64_t, 8>>();
  array->fill(7);
  const std::uint64_t* end = array->data() + 8;
  // Only the end is kept from here on.
  asm volatile("" : "+r"(end) : : "memory");
  collect_and_churn();
  CHECK(cell->holds(1));
  int right = 0;
  for (int i = 1; i <= 8; ++i) right += end[-i] == 7;
  CHECK(right == 8);
}

TEST_CASE("every frame of a recursion keeps what it holds") {  // 38
  int wrong = 0;
  for (int depth = 0; depth < 1'024; depth += kSanitized ? 255 : 31) {
    Cell* top = nullptr;
    wrong += recurse_and_collect(depth, &top) != 2 * depth + 1;
  }
  CHECK(wrong == 0);
  elsewhere([] {
    gort::lock_os_thread();
    Cell* top = nullptr;
    CHECK(recurse_and_collect(200, &top) == 401);
    gort::unlock_os_thread();
  });
}

TEST_CASE("what a parked goroutine and its function hold survives, however many there are") {
  NoGoroutineLeft leak;
  const int count = scaled(2'000);
  auto gate = make<chan<int>>();
  std::atomic<int> right{0};
  gort::wait_group waiting, done;
  for (int i = 0; i < count; ++i) {
    waiting.add(1);
    done.go([&, i, captured = ptr<Cell>(new_cell(static_cast<std::uint64_t>(count + i)))] {
      Cell* const cell = new_cell(static_cast<std::uint64_t>(i));
      waiting.done();
      gate.recv();
      right += cell->holds(static_cast<std::uint64_t>(i));
      right += captured->holds(static_cast<std::uint64_t>(count + i));
    });
  }
  waiting.wait();
  collect_and_churn();
  gate.close();
  done.wait();
  CHECK(right.load() == 2 * count);
}

// Starts two goroutines that hold a new cell each, one too large for its own record. They look once
// they are let go on, when what was freed has been used.
template <class Holder>
void start_holders(std::atomic<int>& right, gort::wait_group& done, chan<int> gate,
                   std::uint64_t expected) {
  Holder cell = new_cell(expected);
  new_cell(0);  // a pointer also keeps what ends where it points: `other` is not to keep `cell`
  Holder other = new_cell(expected);
  new_cell(0);
  std::array<std::uint64_t, 20> padding{};
  done.add(2);
  gort::go([&right, &done, gate, cell, expected] {
    gate.recv();
    right += cell->holds(expected);
    done.done();
  });
  gort::go([&right, &done, gate, other, expected, padding] {
    gate.recv();
    right += other->holds(expected) && padding[3] == 0;
    done.done();
  });
}

TEST_CASE("what a goroutine that has not run yet was given survives, also by a raw pointer") {
  Processors one(1);
  gort::gc();  // from now on the collector waits, and has the processor as soon as it is asked
  const int count = scaled(500);
  auto gate = make<chan<int>>();
  std::atomic<int> right{0};
  gort::wait_group done;
  elsewhere([&] {
    for (int i = 0; i < count; ++i) {
      start_holders<ptr<Cell>>(right, done, gate, static_cast<std::uint64_t>(i));
      start_holders<Cell*>(right, done, gate, static_cast<std::uint64_t>(i));
    }
    collect_and_churn();
  });
  gate.close();
  done.wait();
  CHECK(right.load() == 4 * count);
}

TEST_CASE("what waits in a channel or with its sender survives") {
  NoGoroutineLeft leak;
  auto buffered = make<chan<ptr<Cell>>>(4);
  auto direct = make<chan<ptr<Cell>>>();
  gort::go([=] {
    for (std::uint64_t i = 0; i < 4; ++i) buffered.send(new_cell(i));
    direct.send(new_cell(4));
    direct.close();
  });
  gort::sleep(10ms);
  collect_and_churn();
  int right = 0;
  for (std::uint64_t i = 0; i < 4; ++i) right += (*buffered.recv())->holds(i);
  right += (*direct.recv())->holds(4);
  CHECK(right == 5);
  CHECK(!direct.recv().has_value());
}

TEST_CASE("what a timer's function holds survives until it has run") {
  auto result = make<chan<int>>(1);
  ptr<Cell> cell = new_cell(5);
  auto timer = gort::after_func(20ms, [result, cell] { result.send(cell->holds(5) ? 1 : 0); });
  cell = nullptr;
  collect_and_churn();
  CHECK(*result.recv() == 1);
}

TEST_CASE("globals, thread-locals and goroutine-locals keep what they refer to") {
  global_cell = new_cell(1);
  static gort::goroutine_local<ptr<Cell>> local;
  gort::lock_os_thread();  // the thread-local is this thread's
  thread_cell = new_cell(2);
  *local = new_cell(3);
  collect_and_churn();
  CHECK(global_cell->holds(1));
  CHECK(thread_cell->holds(2));
  CHECK((*local)->holds(3));
  global_cell = nullptr;
  thread_cell = nullptr;
  *local = nullptr;
  gort::unlock_os_thread();
}

TEST_CASE("handles in malloc'd memory keep what they refer to") {
  auto one = std::make_unique<ptr<Cell>>(new_cell(1));
  std::vector<ptr<Cell>> vector;
  std::list<ptr<Cell>> list;
  std::map<int, ptr<Cell>> map;
  std::unordered_map<int, ptr<Cell>> hashed;
  for (int i = 0; i < 100; ++i) {
    const auto value = static_cast<std::uint64_t>(i);
    vector.push_back(new_cell(value));
    list.push_front(new_cell(value));
    map[i] = new_cell(value);
    hashed[i] = new_cell(value);
    if (i % 30 == 0) gort::gc();
  }
  std::function<bool()> captured = [cell = ptr<Cell>(new_cell(2))] { return cell->holds(2); };
  collect_and_churn();
  int right = (*one)->holds(1) + captured();
  std::uint64_t i = 0;
  for (const auto& cell : vector) right += cell->holds(i++);
  for (const auto& cell : list) right += cell->holds(--i);
  for (const auto& [key, cell] : map) right += cell->holds(static_cast<std::uint64_t>(key));
  for (const auto& [key, cell] : hashed) right += cell->holds(static_cast<std::uint64_t>(key));
  CHECK(right == 402);
  vector.erase(vector.begin(), vector.begin() + 50);
  list.clear();
  std::vector<ptr<Cell>> moved = std::move(vector);
  collect_and_churn();
  CHECK(moved.size() == 50);
  CHECK(moved.front()->holds(50));
}

TEST_CASE("a std container with gort's allocator keeps what its elements refer to") {
  std::vector<ptr<Cell>, gort::allocator<ptr<Cell>>> vector;
  std::map<int, ptr<Cell>, std::less<>, gort::allocator<std::pair<const int, ptr<Cell>>>> map;
  for (int i = 0; i < 200; ++i) {
    vector.push_back(new_cell(static_cast<std::uint64_t>(i)));
    map.emplace(i, new_cell(static_cast<std::uint64_t>(i)));
    if (i % 50 == 0) gort::gc();
  }
  collect_and_churn();
  int right = 0;
  for (std::size_t i = 0; i < vector.size(); ++i) right += vector[i]->holds(i);
  for (const auto& [key, cell] : map) right += cell->holds(static_cast<std::uint64_t>(key));
  CHECK(right == 400);
}

TEST_CASE("an ordinary thread keeps what is on its stack, and a handle that it made") {
  std::atomic<int> at{0};
  int right = 0;
  std::thread thread([&] {
    Cell* const cell = new_cell(1);
    auto box = std::make_unique<ptr<Cell>>(new_cell(2));
    at = 1;
    while (at.load() < 2) std::this_thread::yield();
    right = cell->holds(1) + (*box)->holds(2);
  });
  while (at.load() < 1) gort::sleep(1ms);
  collect_and_churn();
  at = 2;
  gort::blocking([&] { thread.join(); });
  CHECK(right == 2);
}

TEST_CASE("an object that moves between atomic pointers is never lost") {
  struct Slots {
    gort::atomic_ptr<Cell> slots[4];
  };
  Slots* const slots = new_<Slots>();
  for (std::uint64_t i = 0; i < 4; ++i) slots->slots[i].store(new_cell(i));
  std::atomic<int> wrong{0};
  {
    ConstantCollection collecting;
    gort::wait_group movers;
    for (int mover = 0; mover < 4; ++mover) {
      movers.go([&, mover] {
        for (int round = 0; round < scaled(20'000); ++round) {
          Cell* const cell = slots->slots[(mover + round) % 4].exchange(nullptr);
          if (cell == nullptr) continue;
          wrong += cell->inverse != ~cell->value || cell->value > 3;
          for (int to = round;; ++to) {
            Cell* expected = nullptr;
            if (slots->slots[to % 4].compare_exchange_strong(expected, cell)) break;
          }
        }
      });
    }
    movers.wait();
  }
  CHECK(wrong.load() == 0);
  std::uint64_t sum = 0;
  for (auto& slot : slots->slots) sum += slot.load()->value;
  CHECK(sum == 0 + 1 + 2 + 3);
}
