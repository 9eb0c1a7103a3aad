// The code of docs/guide/errors.md.
#include <gort/gort.hpp>

#include <any>
#include <cstdio>

void recover() {
  try {
    gort::defer clean_up([] { std::printf("cleaned up\n"); });
    gort::panic("that cannot be");
  } catch (const gort::panic_error& e) {
    std::printf("recovered from: %s\n", e.what());
  }
}

void values() {
  try {
    gort::panic(42);
  } catch (const gort::panic_error& e) {
    std::printf("%d, printed as %s\n", std::any_cast<int>(e.value()), e.what());
  }
}

void misuse() {
  auto c = gort::make<gort::chan<int>>(1);
  c.close();
  try {
    c.send(1);
  } catch (const gort::runtime_error& e) {
    std::printf("%s\n", e.what());
  }
}

int main() {
  return gort::run([] {
    recover();
    values();
    misuse();
  });
}
