// A cache that never keeps anything alive: a map with weak values. What somebody still uses is
// found and shared; what nobody uses is collected, and made again when it is asked for.
#include <gort/gort.hpp>

#include <cstdio>
#include <mutex>

struct page {
  int number;
  char text[4000];
};

class cache {
 public:
  page* get(int number) {
    std::lock_guard guard(lock_);
    if (gort::weak<page>* known = pages_.find(number)) {
      if (page* found = known->lock()) return found;
    }
    page* made = gort::new_<page>();  // as if read from a disk
    made->number = number;
    pages_[number] = gort::weak<page>(made);
    reads_++;
    return made;
  }

  int reads() const { return reads_; }

 private:
  gort::mutex lock_;
  gort::map<int, gort::weak<page>> pages_ = gort::make<gort::map<int, gort::weak<page>>>();
  int reads_ = 0;
};

int main() {
  gort::run([] {
    cache pages;
    gort::ptr<page> pinned = pages.get(0);
    gort::wait_group readers;
    for (int reader = 0; reader < 4; reader++) {
      readers.go([&] {
        for (int i = 0; i < 50; i++) pages.get(i);
      });
    }
    readers.wait();
    std::printf("at least %d pages were read\n", pages.reads() < 50 ? pages.reads() : 50);

    const int before = pages.reads();
    gort::gc();  // nobody uses pages 1 to 49 any more
    std::printf("page 0 is the same: %s\n", pages.get(0) == pinned ? "yes" : "no");
    for (int i = 1; i < 50; i++) pages.get(i);
    std::printf("others were read again: %s\n", pages.reads() > before + 40 ? "yes" : "no");
  });
}
