// Fuzz target: maps beside std::map (test/properties/map_model.h).

#include "test/fuzz/fuzz.h"
#include "test/properties/map_model.h"

using namespace property;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return fuzz::run_one_of<MapModel<int, int>, MapModel<gort::string, gort::ptr<Node>>,
                          MapModel<std::string, Whole>>(bytes, size);
}
