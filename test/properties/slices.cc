// Slices do what Go's do.
//
// Not here: what is done and compared (slice_model.h), single behaviours
// (test/conformance/slice_*.cc).

#include "test/properties/property.h"
#include "test/properties/slice_model.h"

using gort::ptr;
using namespace property;

TEST_CASE("slices of numbers do what Go's do") {
  CHECK(agrees<SliceModel<int>>("int"));
  CHECK(agrees<SliceModel<std::uint16_t>>("uint16"));
}

TEST_CASE("slices of pointers and strings do what Go's do") {
  CHECK(agrees<SliceModel<ptr<Node>>>("ptr"));
  CHECK(agrees<SliceModel<gort::string>>("string"));
}

TEST_CASE("slices of elements with constructors do what Go's do") {
  CHECK(agrees<SliceModel<std::string>>("std::string"));
  CHECK(agrees<SliceModel<Whole>>("a class with a destructor"));
  collect();
  CHECK(Whole::broken == 0);
}
