// Memory that cannot be mapped: goroutines are started until the address space is used up. The
// stack of a thread, which the runtime may need at any moment, is not counted.
//
// expect-exit: 2
// expect-stderr: fatal error: out of memory
// expect-stderr: [running]:
// not-under: asan tsan qemu
#include <dlfcn.h>
#include <pthread.h>
#include <sys/resource.h>

#include <fstream>
#include <mutex>

#include <gort/gort.hpp>

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*entry)(void*), void* argument) {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  rlimit limit;
  getrlimit(RLIMIT_AS, &limit);
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &none);
  const int error = create(thread, attributes, entry, argument);
  setrlimit(RLIMIT_AS, &limit);
  return error;
}

int main() {
  return gort::run([] {
    auto never = gort::make<gort::chan<int>>();
    gort::go([=] { never.recv(); });
    gort::yield();
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlimit little_more{pages * 4096 + (std::size_t{64} << 20), RLIM_INFINITY};
    setrlimit(RLIMIT_AS, &little_more);
    for (;;) gort::go([=] { never.recv(); });
  });
}
