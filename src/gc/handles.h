// The slots outside collected memory that hold references: each is a root.
//
// A handle that lies in malloc'd memory, in a global or a thread-local variable enters its own
// address when it is made and removes it when it is destroyed. There may be millions, and they come
// and go as fast as malloc'd memory does: so a slot is one bit. 4 KB of address space share a line
// of 512 bits; lines lie in leaves of 8 MB of address space, which two levels of tables lead to.
//
// [GH1] A slot's bit is set from before its handle can be used until its destruction has begun.
// [GH2] Who walks says which page it looks at, and remove waits while it is that one: a slot is
//       read only while its memory is its handle's.
// [GH3] A leaf is in the list that is walked before a bit in it can be set.
// Any thread. Not here: which slots are outside (barrier.cc).
#pragma once

#include <cstddef>
#include <cstdint>

namespace gort::collector {

void set_handle_bit(void** slot);
void clear_handle_bit(void** slot);

// A walk over every slot that is entered; with those that come and go meanwhile it is as it
// happens. One walker at a time.
class HandleWalk {
 public:
  HandleWalk() = default;  // over nothing
  static HandleWalk begin();
  // Of at least `slots` more, if there are as many; false when all were visited.
  bool visit(std::size_t slots, void (*visit)(void** slot, void* argument), void* argument);

 private:
  struct Leaf* leaf_ = nullptr;
  std::size_t page_ = 0;  // in the leaf
};
inline void visit_handles(void (*visit)(void** slot, void* argument), void* argument) {
  HandleWalk::begin().visit(SIZE_MAX, visit, argument);
}

// Memory of the table.
std::size_t handle_table_bytes();

}  // namespace gort::collector
