// The code of docs/guide/sync.md.
#include <gort/gort.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

using namespace std::chrono_literals;

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
  static const auto read = gort::once_value([] { return std::string("read once, at need"); });
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
  gort::cond not_empty_;
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

int ask_the_server(const std::string& city) {
  gort::sleep(1ms);
  return city == "Bonn" ? 340'000 : 0;
}

int population_of(const std::string& city) {
  static gort::singleflight<std::string, int> asking;
  return asking.run(city, [&] { return ask_the_server(city); });
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
    std::vector<gort::task<int>> answers;
    for (int i = 0; i < 10; ++i) answers.push_back(gort::spawn(population_of, "Bonn"));
    int sum = 0;
    for (gort::task<int>& answer : answers) sum += answer.get();
    std::printf("%d\n", sum);
    std::printf("%s\n", most_at_once() <= 3 ? "at most three" : "too many");
  });
}
