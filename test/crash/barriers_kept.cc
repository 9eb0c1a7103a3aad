// Every store of a reference has its entry in the table of windows, also when the linker drops what
// nobody refers to. Linked by lld where there is one, which drops more than others.
//
// expect-exit: 0
// expect-stdout: all there
// not-under: asan tsan
#include <cstdint>
#include <cstdio>
#include <gort/gort.hpp>

extern "C" {
extern const char __start_stores[], __stop_stores[];
}

namespace {

constexpr int kStores = 6;
gort::ptr<int> slots[kStores];

[[gnu::noinline, gnu::section("stores")]] void store(int* value) {
  slots[0] = value;
  slots[1] = value;
  slots[2] = value;
  slots[3] = value;
  slots[4] = value;
  slots[5] = value;
}

// Where every store is a call there is no table.
int count_windows() {
#if defined(GORT_BARRIER_INLINE)
  int count = 0;
  const auto& table = gort::detail::barriers_here;
  for (const std::int32_t* entry = table.begin; entry != table.end; entry += 2) {
    const auto* const begin = reinterpret_cast<const char*>(entry) + entry[0];
    count += begin >= __start_stores && begin < __stop_stores;
  }
  return count;
#else
  return kStores;
#endif
}

}  // namespace

int main() {
  store(gort::new_<int>(1));
  const int count = count_windows();
  if (count == kStores) {
    std::puts("all there");
  } else {
    std::printf("%d of %d\n", count, kStores);
  }
}
