// Strings do what std::string does, and are decoded as Go decodes.
//
// Not here: what is done and compared (string_model.h), single behaviours
// (test/conformance/string_*.cc).

#include "test/properties/property.h"
#include "test/properties/string_model.h"

using namespace property;

TEST_CASE("strings do what std::string does") { CHECK(agrees<StringModel>("strings")); }

TEST_CASE("any bytes are decoded as Go does") {
  CHECK(rc::check("any bytes", [](const std::string& text) { decodes(text); }));
  CHECK(rc::check("pieces of UTF-8", [](const std::vector<std::uint8_t>& pieces) {
    std::string text;
    for (const std::uint8_t piece : pieces) text += kPieces[piece % kPieces.size()];
    for (std::size_t i = 1; i < text.size(); i += 7) text.erase(i, 1);
    decodes(text);
  }));
}
