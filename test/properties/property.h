// Properties by rapidcheck: that a model's two sides agree whatever the program.
//
// rapidcheck makes the programs, and shortens one that fails to the few operations that matter. Not
// here: the models (map_model.h, ...), main() (main.cc).
#pragma once

#include <doctest/doctest.h>

#include <rapidcheck.h>

#include "test/properties/operations.h"

template <>
struct rc::Arbitrary<property::Operation> {
  static Gen<property::Operation> arbitrary() {
    return gen::construct<property::Operation>(gen::inRange(0u, 1000u), gen::inRange(0u, 10000u),
                                               gen::inRange(0u, 10000u), gen::inRange(0u, 10000u));
  }
};

namespace property {

template <class Model>
bool agrees(const char* what) {
  return rc::check(what, [](const Program& program) {
    Model model;
    for (const Operation& op : program) model.run(op);
    model.finish();
  });
}

}  // namespace property
