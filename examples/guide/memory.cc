// The code of docs/guide/memory.md.
#include <gort/gort.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace gort::literals;
using namespace std::chrono_literals;

struct node {
  int value;
  gort::ptr<node> next;
};

node* pushed(node* list, int value) { return gort::new_<node>(value, list); }

void lists() {
  node* list = nullptr;
  for (int i = 1; i <= 3; ++i) list = pushed(list, i);
  for (node* n = list; n != nullptr; n = n->next) std::printf("%d ", n->value);
  std::printf("\n");
}

struct owner {  // made with std::make_unique, it is in malloc'd memory
  gort::ptr<node> first;
  std::vector<gort::ptr<node>> others;
};

void anywhere() {
  auto mine = std::make_unique<owner>();
  mine->first = gort::new_<node>(1);
  mine->others.push_back(gort::new_<node>(2));
  std::function<int()> sum = [first = mine->first, second = mine->others[0]] {
    return first->value + second->value;
  };
  mine.reset();
  gort::gc();
  std::printf("%d\n", sum());
}

void containers() {
  auto squares = gort::make<gort::slice<int>>(3);
  for (int i = 0; i < 3; ++i) squares[i] = i * i;
  squares = gort::append(squares, 9, 16);
  gort::slice<int> middle = squares(1, 4);  // shares the elements
  middle[0] = 100;
  std::printf("%d, %td of %td\n", squares[1], middle.len(), squares.len());

  auto ages = gort::make<gort::map<gort::string, int>>();
  ages["ann"] = 31;
  ages["bob"]++;
  if (int* age = ages.find("ann")) std::printf("ann is %d, %td people\n", *age, ages.len());

  gort::string greeting = "hello, "_s + "world";
  std::printf("%s\n", std::string(greeting(7, 12)).c_str());
}

struct connection {
  explicit connection(std::atomic<int>& open) : open_(open) { ++open_; }
  ~connection() { --open_; }  // on a goroutine, some time after nobody refers to it
  std::atomic<int>& open_;
};

void ends() {
  std::atomic<int> open{0};
  gort::spawn([&] {
    for (int i = 0; i < 100; ++i) (void)gort::new_<connection>(open);
  }).get();
  while (open > 10) {  // a word on some stack may look like an address: not all need be gone
    gort::gc();
    gort::sleep(1ms);
  }
  std::printf("most of them are closed\n");
}

void numbers() {
  const gort::mem_stats stats = gort::read_mem_stats();
  std::printf("%s\n", stats.num_gc > 0 && stats.heap_alloc <= stats.heap_sys ? "as it should be"
                                                                             : "impossible");
}

int main() {
  gort::run([] {
    lists();
    anywhere();
    containers();
    ends();
    numbers();
  });
}
