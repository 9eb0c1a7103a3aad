// The frames that gort_switch expects, built by hand and read back.
//
// The layouts mirror the two .S files word for word; a change there is a change here. Runs on any
// thread; touches only the stack it is given. Not here: the switch itself (switch_x86_64.S,
// switch_aarch64.S).
#include "sched/switch.h"

#include <cstdint>
#include <cstring>

namespace gort::sched {
namespace {

#if defined(__x86_64__)
constexpr std::size_t kFrameWords = 7;  // r15 r14 r13 r12 rbx rbp return-address
constexpr std::size_t kFramePointerWord = 5;
constexpr std::size_t kReturnWord = 6;
// After the pop of the return address sp must be a multiple of 16, as at any call instruction.
constexpr std::size_t kFrameBytes = kFrameWords * 8;
#else
constexpr std::size_t kFrameWords = 20;  // x29 x30 x19..x28 d8..d15
constexpr std::size_t kFramePointerWord = 0;
constexpr std::size_t kReturnWord = 1;
constexpr std::size_t kFrameBytes = kFrameWords * 8;
#endif

}  // namespace

void* prepare_stack(char* top) {
  auto* frame = reinterpret_cast<std::uintptr_t*>(top - kFrameBytes);
  std::memset(frame, 0, kFrameBytes);
  frame[kReturnWord] = reinterpret_cast<std::uintptr_t>(&gort_goroutine_entry);
  return frame;
}

SavedFrame saved_frame(void* sp) {
  auto* frame = static_cast<std::uintptr_t*>(sp);
  return {reinterpret_cast<void*>(frame[kReturnWord]),
          reinterpret_cast<void*>(frame[kFramePointerWord]),
          reinterpret_cast<char*>(sp) + kFrameBytes};
}

}  // namespace gort::sched
