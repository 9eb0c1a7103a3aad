// A value that can only be moved must be given up explicitly: sending an lvalue would need a copy.
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/chan.hpp>

#include <memory>
#include <utility>

void use(const gort::chan<std::unique_ptr<int>>& c, std::unique_ptr<int> value) {
#ifdef GORT_BAD_LINE
  c.send(value);
#else
  c.send(std::move(value));
#endif
}
