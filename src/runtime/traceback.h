// Stacks: collecting the addresses, and printing them as Go does.
//
// The two are apart because they need different things: collecting reads only the stack and the
// unwind tables and is done in signal handlers and with the world stopped; printing looks names up
// and may take its time. A trace keeps both ends of a stack and the number of frames between, so
// that it has a fixed size for a stack of any depth.
// Runs on any thread, see each function. Not here: goroutines' headers and which are shown
// (dump.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/symbols.h"
#include "runtime/writer.h"

namespace gort::runtime {

class Trace {
 public:
  static constexpr std::size_t kEnd = 128;  // addresses kept of each end

  // `pc` lies within the instruction, or the call, that the frame is at.
  void add(std::uintptr_t pc) {
    if (total_ < kEnd) {
      first_[total_] = pc;
    } else {
      last_[(total_ - kEnd) % kEnd] = pc;
    }
    ++total_;
  }
  void clear() { total_ = 0; }
  std::size_t total() const { return total_; }
  // Those of the inner end, and of the outer one that are not among them; `i` counts outwards.
  std::size_t first_count() const { return total_ < kEnd ? total_ : kEnd; }
  std::size_t last_count() const {
    return total_ <= kEnd ? 0 : total_ - kEnd < kEnd ? total_ - kEnd : kEnd;
  }
  std::uintptr_t first(std::size_t i) const { return first_[i]; }
  std::uintptr_t last(std::size_t i) const {
    return total_ - kEnd < kEnd ? last_[i] : last_[(total_ - kEnd + i) % kEnd];
  }
  bool contains(bool (*matches)(std::uintptr_t pc)) const;
  // A trace without its unused room, and back.
  std::vector<std::uintptr_t> kept() const;
  void restore(const std::vector<std::uintptr_t>& kept, std::size_t total);

 private:
  std::size_t total_ = 0;
  std::uintptr_t first_[kEnd];
  std::uintptr_t last_[kEnd];  // a ring
};

// The calling thread's stack, from the caller on.
void trace_here(Trace& trace);
// In a signal handler: what the signal interrupted.
void trace_interrupted(Trace& trace);
// A parked goroutine's, by the stack pointer that gort_switch saved. It must not run meanwhile.
void trace_parked(Trace& trace, void* saved_sp);

// How a frame is meant to be seen.
enum class Visibility : std::uint8_t {
  user,   // the program's functions and gort's public ones
  every,  // the runtime's own, too
};

// Prints the frames, at most 50 of each end. `dying`: each lookup is an attempt (death.h).
void print_trace(Writer& out, Symbols& symbols, const Trace& trace, Visibility visibility,
                 bool dying);
// `created by F in goroutine N` and the line of the go statement.
void print_creator(Writer& out, Symbols& symbols, const void* creator_pc, std::uint64_t creator_id,
                   bool dying);

// True for functions of the runtime that a user need not see.
bool is_internal(const SourceFrame& frame);

}  // namespace gort::runtime
