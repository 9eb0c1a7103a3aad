// A shared graph that eight mutators rewire while collections run on end.
//
// Every edge is an atomic_ptr, and the only reference to a node is often in a mutator's hands
// alone: exchanged out of one edge and stored to another. Each node carries check words and each
// mutator allocates other things of the same size, filled with what no node holds: a node that was
// freed while somebody could reach it is soon overwritten, and whoever walks over it sees that.
// Besides, each mutator has a chain of its own with plain ptr, whose length and content it knows.

#include "stress.h"

#include <array>

namespace {

using namespace stress;
using gort::atomic_ptr;
using gort::new_;
using gort::ptr;

constexpr std::uint64_t kNodeMark = 0x600dc0de600dc0de;
constexpr std::uint64_t kNoise = 0xdeadbeefdeadbeef;

struct Node {
  std::uint64_t check = kNodeMark;
  std::uint64_t id = 0;
  std::array<atomic_ptr<Node>, 3> edges;
  std::uint64_t check_of_id = 0;

  bool whole() const { return check == kNodeMark && check_of_id == ~id; }
};
struct Noise {
  std::uint64_t words[sizeof(Node) / 8];
};
struct Link {
  ptr<Link> next;
  std::uint64_t number;
};

struct Graph {
  std::array<atomic_ptr<Node>, 64> roots;
};

struct Shared {
  ptr<Graph> graph;
  std::atomic<std::uint64_t> broken{0};
  std::atomic<bool> over{false};
};

Node* new_node(Random& random) {
  Node* const node = new_<Node>();
  node->id = random.next();
  node->check_of_id = ~node->id;
  return node;
}

// Any edge that a walk from a random root comes to, and checks all nodes on the way.
atomic_ptr<Node>& some_edge(Shared& shared, Random& random) {
  atomic_ptr<Node>* edge = &shared.graph->roots[static_cast<std::size_t>(random.below(64))];
  for (int steps = random.below(12); steps > 0; --steps) {
    Node* const node = edge->load();
    if (node == nullptr) break;
    shared.broken += !node->whole();
    edge = &node->edges[static_cast<std::size_t>(random.below(3))];
  }
  return *edge;
}

void make_noise(Random& random) {
  for (int i = random.below(4); i > 0; --i) {
    for (auto& word : new_<Noise>()->words) word = kNoise;
  }
}

// One change of the graph.
void rewire(Shared& shared, Random& random) {
  switch (random.below(8)) {
    case 0:
    case 1: some_edge(shared, random).store(new_node(random)); return;
    case 2: some_edge(shared, random).store(some_edge(shared, random).load()); return;
    case 3: some_edge(shared, random).store(nullptr); return;
    case 4: {  // the only reference goes through this goroutine's registers, and a while passes
      Node* const node = some_edge(shared, random).exchange(nullptr);
      hesitate(random);
      make_noise(random);
      if (node == nullptr) return;
      shared.broken += !node->whole();
      some_edge(shared, random).store(node);
      return;
    }
    case 5: {
      atomic_ptr<Node>& edge = some_edge(shared, random);
      Node* expected = edge.load();
      Node* const fresh = new_node(random);
      if (expected != nullptr) fresh->edges[0].store(expected);
      edge.compare_exchange_strong(expected, fresh);
      return;
    }
    case 6: {  // a node passes through the frame of another goroutine
      Node* const node = some_edge(shared, random).load();
      if (node == nullptr) return;
      auto hand = gort::make<gort::chan<ptr<Node>>>();
      gort::go([hand, node = ptr<Node>(node)] { hand.send(node); });
      const auto back = hand.recv();
      shared.broken += !back || !(*back)->whole();
      return;
    }
    default: make_noise(random); return;
  }
}

void mutate(Shared& shared, Random& random) {
  Link* chain = nullptr;
  std::uint64_t length = 0;
  while (!shared.over.load()) {
    for (int i = 0; i < 50; ++i) rewire(shared, random);
    Link* const link = new_<Link>();
    link->next = chain;
    link->number = length++;
    chain = link;
    std::uint64_t expected = length;
    for (Link* at = chain; at != nullptr; at = at->next) shared.broken += at->number != --expected;
    shared.broken += expected != 0;
    if (length > 200) {
      chain = nullptr;
      length = 0;
    }
    hesitate(random);
  }
}

void graph_program(const char* name, int percent, bool with_threads) {
  Program program(name);
  Weather weather(program.random());
  const int before = gort::set_gc_percent(percent);
  Shared shared;
  shared.graph = new_<Graph>();
  {
    Crowd crowd(program.random());
    gort::wait_group mutators;
    for (int i = 0; i < 8; ++i) {
      if (with_threads) {
        crowd.start([&shared](Random& random) { mutate(shared, random); });
      } else {
        mutators.go([&shared, random = program.random().child()]() mutable {
          mutate(shared, random);
        });
      }
    }
    while (!program.over()) {
      gort::gc();
      hesitate(program.random());
    }
    shared.over = true;
    mutators.wait();
  }
  gort::set_gc_percent(before);
  CHECK(shared.broken.load() == 0);
}

}  // namespace

TEST_CASE("eight goroutines rewire a shared graph under constant collection") {
  graph_program("graph", 100, false);
}

TEST_CASE("goroutines and threads rewire a shared graph with GOGC=1") {
  graph_program("graph with threads", 1, true);
}
