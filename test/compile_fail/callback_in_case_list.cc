// A select over a list made at run time runs no callbacks, so its cases may not have any.
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/select.hpp>

#include <vector>

void use(const gort::chan<int>& c) {
  std::vector<gort::select_case> cases;
  cases.push_back(gort::on_recv(c));
#ifdef GORT_BAD_LINE
  cases.push_back(gort::on_recv(c, [](std::optional<int>) {}));
#endif
}
