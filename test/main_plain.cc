// main() of the test programs that stand below the scheduler: plain doctest, no goroutine.
//
// The tests of src/base and src/heap link their own folder and those below, nothing else, so that a
// dependency upwards fails to link. A folder of test/ that brings a main.cc of its own uses that.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
