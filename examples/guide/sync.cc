// The code of docs/guide/sync.md.
#include <gort/gort.hpp>

#include <atomic>
#include <cstdio>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

class directory {
 public:
  void enter(std::string name, int number) {
    std::lock_guard lock(mutex_);
    numbers_[std::move(name)] = number;
  }
  int number_of(const std::string& name) const {
    std::shared_lock lock(mutex_);  // beside other readers
    auto found = numbers_.find(name);
    return found == numbers_.end() ? 0 : found->second;
  }

 private:
  mutable gort::rw_mutex mutex_;
  std::unordered_map<std::string, int> numbers_;
};

std::string configuration() {
  static gort::once_value read([] { return std::string("read once, by whoever comes first"); });
  return read();
}

class job_queue {
 public:
  void put(int job) {
    std::lock_guard lock(mutex_);
    jobs_.push_back(job);
    not_empty_.notify_one();
  }
  int take() {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [this] { return !jobs_.empty(); });
    int job = jobs_.front();
    jobs_.pop_front();
    return job;
  }

 private:
  gort::mutex mutex_;
  gort::cond not_empty_{mutex_};
  std::deque<int> jobs_;
};

int most_at_once() {
  gort::semaphore places(3);
  std::atomic<int> now = 0, most = 0;
  gort::wait_group visitors;
  for (int i = 0; i < 20; ++i) {
    visitors.go([&] {
      places.acquire();
      gort::defer leave([&] { places.release(); });
      int here = ++now;
      for (int seen = most; here > seen && !most.compare_exchange_weak(seen, here);) {
      }
      gort::yield();
      --now;
    });
  }
  visitors.wait();
  return most;
}

int main() {
  return gort::run([] {
    directory d;
    d.enter("Ada", 1815);
    std::printf("%d\n", d.number_of("Ada"));
    std::printf("%s\n", configuration().c_str());
    job_queue jobs;
    gort::task<int> taken = gort::spawn([&] { return jobs.take(); });
    jobs.put(42);
    std::printf("%d\n", taken.get());
    std::printf("%s\n", most_at_once() <= 3 ? "at most three" : "too many");
  });
}
