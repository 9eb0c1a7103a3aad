// Fuzz target: strings beside std::string, and the decoding of any bytes
// (test/properties/string_model.h).

#include "test/fuzz/fuzz.h"
#include "test/properties/string_model.h"

using namespace property;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return -1;
  if (bytes[0] % 2 == 0) return fuzz::run_one_of<StringModel>(bytes, size);
  decodes(std::string(reinterpret_cast<const char*>(bytes + 1), size - 1));
  return 0;
}
