// What is sent must convert to the element type.
//
// Compiled twice: without GORT_BAD_LINE it must compile, with it not.
#include <gort/select.hpp>

#include <string>

void use(const gort::chan<std::string>& c) {
  c.send("text");
#ifdef GORT_BAD_LINE
  (void)gort::select(gort::on_send(c, 3));
#endif
}
