// The code of docs/guide/goroutines.md.
#include <gort/gort.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

void many() {
  gort::wait_group all;
  std::atomic<int> sum = 0;
  for (int i = 1; i <= 1000; ++i) {
    all.go([&sum, i] { sum += i; });
  }
  all.wait();
  std::printf("%d\n", sum.load());
}

void results() {
  gort::task<int> product = gort::spawn([](int a, int b) { return a * b; }, 6, 7);
  gort::task<int> failure = gort::spawn([]() -> int { throw std::range_error("too far"); });

  std::printf("%d\n", product.get());
  try {
    failure.get();
  } catch (const std::range_error& e) {
    std::printf("%s\n", e.what());
  }
}

void together() {
  gort::task_group group;
  group.go([](gort::context ctx) { gort::sleep(1h, ctx); });
  group.go([] { throw std::runtime_error("no power"); });  // cancels the sleeper's context
  try {
    group.wait();
  } catch (const std::runtime_error& e) {
    std::printf("%s\n", e.what());
  }
}

std::string content_of(const std::string& path) {
  return gort::blocking([&] {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  });
}

gort::goroutine_local<int> depth;  // 0 in every new goroutine

void locals() {
  *depth = 7;
  gort::spawn([] { std::printf("%d\n", *depth); }).get();
  std::printf("%d\n", *depth);
}

int main() {
  return gort::run([] {
    many();
    results();
    together();
    std::printf("%s\n", content_of("/dev/null").c_str());
    locals();
  });
}
