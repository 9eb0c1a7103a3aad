// What the fuzz targets share: a program of operations out of the fuzzer's bytes.
//
// libFuzzer's main() runs on an ordinary thread, which is attached by its first use of gort: what
// the models do to containers is done as such a thread does it. A model that finds a difference
// throws, and nobody catches: a crash, whose input libFuzzer keeps.
// Not here: the models (test/properties), where single inputs go (docs/TESTING.md).
#pragma once

#include <cstddef>
#include <cstdint>

#include "test/properties/operations.h"

namespace fuzz {

// Four numbers an operation, two bytes each; the rest is left.
inline property::Program program_of(const std::uint8_t* bytes, std::size_t size) {
  property::Program program;
  const auto number = [&](std::size_t i) { return bytes[2 * i] + 256u * bytes[2 * i + 1]; };
  for (; size >= 8 && program.size() < 200; bytes += 8, size -= 8) {
    program.push_back({number(0), number(1), number(2), number(3)});
  }
  return program;
}

template <class Model>
void run(const property::Program& program) {
  Model model;
  for (const property::Operation& op : program) model.run(op);
  model.finish();
}

// One of several models, which the first byte chooses.
template <class... Model>
int run_one_of(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return -1;
  constexpr std::size_t count = sizeof...(Model);
  constexpr void (*runs[])(const property::Program&) = {&run<Model>...};
  runs[bytes[0] % count](program_of(bytes + 1, size - 1));
  return 0;
}

}  // namespace fuzz
