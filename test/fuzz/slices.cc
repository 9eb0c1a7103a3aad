// Fuzz target: slices beside Go's (test/properties/slice_model.h).

#include "test/fuzz/fuzz.h"
#include "test/properties/slice_model.h"

using namespace property;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return fuzz::run_one_of<SliceModel<int>, SliceModel<gort::ptr<Node>>, SliceModel<std::string>>(
      bytes, size);
}
