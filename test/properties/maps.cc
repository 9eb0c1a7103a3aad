// Maps do what std::map does, and what Go promises of loops that write.
//
// Not here: what is done and compared (map_model.h), single behaviours (test/conformance/map_*.cc).

#include "test/properties/map_model.h"
#include "test/properties/property.h"

using gort::ptr;
using gort::string;
using namespace property;

TEST_CASE("a map of numbers does what std::map does") {
  CHECK(agrees<MapModel<int, int>>("int to int"));
  CHECK(agrees<MapModel<std::uint64_t, double>>("uint64 to double"));
}

TEST_CASE("a map of strings does what std::map does") {
  CHECK(agrees<MapModel<string, int>>("string to int"));
  CHECK(agrees<MapModel<string, string>>("string to string"));
}

TEST_CASE("a map to pointers does what std::map does") {
  CHECK(agrees<MapModel<int, ptr<Node>>>("int to ptr"));
  CHECK(agrees<MapModel<string, ptr<Node>>>("string to ptr"));
}

TEST_CASE("a map of elements with constructors does what std::map does") {
  CHECK(agrees<MapModel<std::string, std::string>>("std::string to std::string"));
  CHECK(agrees<MapModel<int, Whole>>("int to a class with a destructor"));
  collect();
  CHECK(Whole::broken == 0);
}
