// The seed, the watchdog and the weather of stress.h.
//
// The watchdog and its lock are the standard library's: it must work when gort does not. Its thread
// is never attached to gort, since it calls none of it.

#include "stress.h"

#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace stress {

namespace {

std::uint64_t seed_of_this_run() {
  static const std::uint64_t seed = [] {
    if (const char* text = std::getenv("GORT_STRESS_SEED")) {
      return static_cast<std::uint64_t>(std::strtoull(text, nullptr, 10));
    }
    std::random_device device;
    return static_cast<std::uint64_t>(device());
  }();
  return seed;
}

std::chrono::duration<double> duration_of_a_program() {
  const char* text = std::getenv("GORT_STRESS_SECONDS");
  return std::chrono::duration<double>(text != nullptr ? std::strtod(text, nullptr) : 2.0);
}

}  // namespace

Program::Program(const char* name)
    : name_(name),
      seed_(seed_of_this_run()),
      random_(seed_),
      end_(Clock::now() + std::chrono::duration_cast<Clock::duration>(duration_of_a_program())) {
  std::printf("%s: GORT_STRESS_SEED=%llu\n", name_, static_cast<unsigned long long>(seed_));
  std::fflush(stdout);
  watchdog_ = std::thread([this] { watch(); });
}

Program::~Program() {
  {
    std::lock_guard lock(lock_);
    ended_ = true;
  }
  ended_changed_.notify_all();
  watchdog_.join();
}

void Program::watch() {
  const auto too_late = end_ + 90s;
  std::unique_lock lock(lock_);
  while (!ended_) {
    if (ended_changed_.wait_until(lock, too_late) != std::cv_status::timeout) continue;
    std::fprintf(stderr, "%s stands still: GORT_STRESS_SEED=%llu\n", name_,
                 static_cast<unsigned long long>(seed_));
    ::kill(::getpid(), SIGQUIT);
    return;
  }
}

Weather::Weather(Random& random) : processors_(static_cast<int>(gort::gomaxprocs())) {
  start(random.child(), &Weather::change_processors);
  start(random.child(), &Weather::hog);
  start(random.child(), &Weather::block);
  start(random.child(), &Weather::throw_and_catch);
  start(random.child(), &Weather::throw_and_catch);
  start(random.child(), &Weather::come_and_go);
}

Weather::~Weather() {
  over_ = true;
  parts_.wait();
  gort::gomaxprocs(processors_);
  CHECK(wrong_.load() == 0);
}

void Weather::start(Random random, void (Weather::*part)(Random&)) {
  parts_.go([this, random, part]() mutable {
    while (!over_.load()) {
      (this->*part)(random);
      gort::sleep(std::chrono::microseconds(random.below(3'000)));
    }
  });
}

void Weather::change_processors(Random& random) {
  gort::gomaxprocs(random.between(1, 8));
  gort::sleep(std::chrono::milliseconds(random.below(10)));
}

void Weather::hog(Random& random) {
  const auto end = Clock::now() + std::chrono::milliseconds(random.below(15));
  while (Clock::now() < end) {
  }
  gort::sleep(20ms);  // the machine is not ours alone
}

void Weather::block(Random& random) {
  const auto microseconds = static_cast<useconds_t>(random.below(4'000));
  if (random.one_in(2)) {
    gort::blocking([=] { ::usleep(microseconds); });
  } else {
    ::usleep(microseconds);
  }
}

void Weather::throw_and_catch(Random& random) {
  const auto mine = random.next();
  try {
    try {
      throw mine;
    } catch (std::uint64_t) {
      hesitate(random);
      throw;
    }
  } catch (std::uint64_t caught) {
    wrong_ += caught != mine;
  }
  wrong_ += std::uncaught_exceptions() != 0;
}

void Weather::come_and_go(Random& random) {
  auto c = gort::make<gort::chan<int>>(random.below(2));
  std::thread visitor([=] { c.send(1); });
  wrong_ += c.recv() != 1;
  gort::blocking([&] { visitor.join(); });
}

void hesitate(Random& random) {
  switch (random.below(12)) {
    case 0: gort::sleep(std::chrono::microseconds(random.below(200))); break;
    case 1:
    case 2:
    case 3: gort::yield(); break;
    case 4:
      for (int i = 0; i < 500; ++i) asm volatile("");
      break;
    default: break;
  }
}

void Crowd::start(std::function<void(Random&)> f) {
  Random mine = random_.child();
  auto body = [f = std::move(f), mine]() mutable { f(mine); };
  if (random_.one_in(3)) {
    threads_.emplace_back(std::move(body));
  } else {
    goroutines_.go(std::move(body));
  }
}

void Crowd::join() {
  goroutines_.wait();
  gort::blocking([&] {
    for (auto& thread : threads_) thread.join();
  });
  threads_.clear();
}

}  // namespace stress
