// A linked list that goroutines share without a lock: each pushes to its front, one takes all.
//
// Without a collector such a list needs hazard pointers or the like: somebody may still look at a
// node that another has just taken out. And a node's address cannot come back while anybody knows
// it, so the compare-and-swap is not fooled.
#include <gort/gort.hpp>

#include <atomic>
#include <cstdio>

struct node {
  gort::ptr<node> next;
  int value;
};

class stack {
 public:
  void push(int value) {
    node* fresh = gort::new_<node>();
    fresh->value = value;
    node* first = first_.load();
    do {
      fresh->next = first;
    } while (!first_.compare_exchange_weak(first, fresh));
  }

  // The value on top, or -1 when there is none.
  int pop() {
    node* first = first_.load();
    while (first != nullptr && !first_.compare_exchange_weak(first, first->next)) {
    }
    return first != nullptr ? first->value : -1;
  }

 private:
  gort::atomic_ptr<node> first_;
};

int main() {
  gort::run([] {
    stack shared;
    gort::wait_group workers;
    std::atomic<long> popped_sum{0};
    for (int worker = 0; worker < 4; worker++) {
      workers.go([&, worker] {
        for (int i = 0; i < 10000; i++) {
          shared.push(worker * 10000 + i);
          if (i % 2 == 1) popped_sum += shared.pop();
        }
      });
    }
    workers.wait();
    long left = 0, left_sum = 0;
    for (int value; (value = shared.pop()) >= 0; left++) left_sum += value;
    std::printf("%ld values are left\n", left);
    std::printf("sum of all: %ld\n", popped_sum.load() + left_sum);
  });
}
