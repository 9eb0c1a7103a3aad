// Why a goroutine waits: the words that a dump prints after its number.
//
// The texts are Go's, so a reader of Go dumps reads ours. Kept apart from goroutine.h because every
// caller of park names one and few need the record. Not here: the dump (runtime/dump.cc).
#pragma once

#include <cstdint>

namespace gort {

enum class WaitReason : std::uint8_t {
  none,
  chan_receive,
  chan_send,
  chan_receive_nil,
  chan_send_nil,
  select,
  select_no_cases,
  sleep,
  semacquire,
  mutex_lock,
  rw_mutex_rlock,
  rw_mutex_lock,
  wait_group_wait,
  cond_wait,
  atomic_wait,
  task_wait,
  io_wait,
  yield,
  gc_cycle,
  gc_worker,
  count
};

inline const char* wait_reason_text(WaitReason reason) {
  static constexpr const char* kTexts[] = {"waiting",
                                           "chan receive",
                                           "chan send",
                                           "chan receive (nil chan)",
                                           "chan send (nil chan)",
                                           "select",
                                           "select (no cases)",
                                           "sleep",
                                           "semacquire",
                                           "sync.Mutex.Lock",
                                           "sync.RWMutex.RLock",
                                           "sync.RWMutex.Lock",
                                           "sync.WaitGroup.Wait",
                                           "sync.Cond.Wait",
                                           "atomic wait",
                                           "task wait",
                                           "IO wait",
                                           "runnable",
                                           "wait for GC cycle",
                                           "GC worker (idle)"};
  static_assert(sizeof kTexts / sizeof *kTexts == static_cast<unsigned>(WaitReason::count));
  return kTexts[static_cast<unsigned>(reason)];
}

}  // namespace gort
