// A thread that the system does not give. pthread_create of this program refuses, once it is told
// to.
//
// expect-exit: 2
// expect-stderr: runtime: failed to create new OS thread (have
// expect-stderr: errno=11)
// expect-stderr: ulimit -u
// expect-stderr: fatal error: newosproc
// not-under: asan tsan
#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>

#include <gort/gort.hpp>

std::atomic<bool> refuse{false};

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*entry)(void*), void* argument) {
  if (refuse.load()) return EAGAIN;
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  return reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"))(thread, attributes, entry,
                                                                      argument);
}

int main() {
  return gort::run([] {
    refuse = true;
    for (int i = 0; i < 100; ++i) {
      gort::go([] {
        gort::lock_os_thread();
        gort::make<gort::chan<int>>().recv();
      });
    }
    gort::make<gort::chan<int>>().recv();
  });
}
