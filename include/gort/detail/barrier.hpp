// Stores of references to collected objects, and the places outside the collected heap that hold
// them: what ptr, slice, map, string and chan are built on.
//
// The barrier. While the collector marks, whoever overwrites a reference must show it the old one
// (docs/COLLECTOR.md, [GS5]). So a store is: test the flag; if it is set, call; else store. The
// flag can be set between the test and the store, when a signal stops the thread there. The two
// addresses of each such window are in a table of the program or library (section gort_barriers,
// which follows its function into its group); a thread that is found in one, when the flag is set,
// goes on at its beginning: nothing has been written, and the registers that it reads are intact.
// The call is a section of the runtime, in which the flag does not change.
//
// Outside. A slot is *traced* if the collector sees it by itself: in a collected object, on the
// stack of a goroutine or an attached thread. Any other (malloc'd, global, thread-local) is entered
// in a table of slots that are roots, when the handle is made, and removed when it is destroyed.
//
// Internal to gort's headers. Any thread; noexcept; nothing here parks, but store_slow may wait for
// a processor as every entry to the runtime may. Not here: the flag's meaning (src/gc/phase.h),
// the table of slots (src/gc/handles.cc), restarting (src/gc/restart.cc).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "gort/detail/heap_core.hpp"
#include "gort/detail/stack_range.hpp"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define GORT_BARRIER_BY_CALL 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define GORT_BARRIER_BY_CALL 1
#endif
#endif

extern "C" {
// Not 0 while stores must be shown. Written while every thread is stopped.
extern unsigned char gort_marking;
}

namespace gort::detail {

// Shows the old value if the collector marks, and stores; a section of the runtime.
void store_slow(void** slot, void* value) noexcept;
// The same for a slot that is about to go away: nothing is stored.
void show_old_slow(void* old) noexcept;
// Exchanges: a section each, [GS5].
void* exchange_slow(void** slot, void* value) noexcept;
bool compare_exchange_slow(void** slot, void*& expected, void* value) noexcept;
// `words` slots from `to` are about to be overwritten, or to go away, by the caller: shows what
// they hold and copies `from` over them, as memmove does; `from` null: fills them with zeros.
void move_slots(void** to, void* const* from, std::size_t words) noexcept;

// Enters an untraced slot in the table, or removes it, and shows what it held if the collector
// marks; nothing if it turns out to be traced.
void enter_handle(void** slot) noexcept;
void remove_handle(void** slot) noexcept;

// A thread that the runtime does not know is not stopped between the test and the store. It becomes
// known by the first handle on its stack; what works on others' slots alone sees to that first.
void attach_thread() noexcept;
[[gnu::always_inline]] inline void be_attached() noexcept {
  const void* sp;
#if defined(__x86_64__)
  asm("movq %%rsp, %0" : "=r"(sp));
#elif defined(__aarch64__)
  asm("mov %0, sp" : "=r"(sp));
#else
  sp = __builtin_frame_address(0);
#endif
  if (!is_surely_stack(sp)) [[unlikely]]
    attach_thread();
}

[[gnu::always_inline]] inline bool is_marking() noexcept {
  return __atomic_load_n(&gort_marking, __ATOMIC_RELAXED) != 0;
}

// No "memory" clobber: the compiler may keep other memory in registers across a store, as it may
// across that of an ordinary pointer. What a register holds, or is about to be stored, is found by
// the flip's scan.
#if !defined(GORT_BARRIER_BY_CALL) && (defined(__x86_64__) || defined(__aarch64__))
#define GORT_BARRIER_INLINE 1
#if defined(__x86_64__)
#define GORT_BARRIER_NOTHING "R_X86_64_NONE"
#else
#define GORT_BARRIER_NOTHING "R_AARCH64_NONE"
#endif
// A linker that drops what nobody refers to (--gc-sections) may drop an entry that only the table's
// beginning and end lead to, as lld does: the function refers to its entry by a relocation that
// changes nothing.
#define GORT_BARRIER_WINDOW                \
  ".pushsection gort_barriers, \"a?\"\n\t" \
  ".balign 4\n"                            \
  "3:\n\t"                                 \
  ".long 1b - ., 2b - .\n\t"               \
  ".popsection\n\t"                        \
  ".reloc 1b, " GORT_BARRIER_NOTHING ", 3b"
// GCC 12 drops the call behind `asm goto` where the slot is by name in a thread-local variable: the
// address of what has a known extent goes through a register.
#define GORT_BARRIER_SLOT(slot)                                         \
  if (__builtin_object_size(slot, 0) != static_cast<std::size_t>(-1)) { \
    asm("" : "+r"(slot));                                               \
  }
#endif
[[gnu::always_inline]] inline void store_reference(void** slot, void* value) noexcept {
#if defined(GORT_BARRIER_INLINE) && defined(__x86_64__)
  GORT_BARRIER_SLOT(slot)
  asm goto(
      "1: cmpb $0, %[flag]\n\t"
      "jne %l[slow]\n\t"
      "movq %[value], %[place]\n"
      "2:\n\t" GORT_BARRIER_WINDOW
      : [place] "=m"(*slot)
      : [value] "r"(value), [flag] "m"(gort_marking)
      : "cc"
      : slow);
  return;
slow:
#elif defined(GORT_BARRIER_INLINE)
  GORT_BARRIER_SLOT(slot)
  asm goto(
      "1: ldrb w16, %[flag]\n\t"
      "cbnz w16, %l[slow]\n\t"
      "str %[value], %[place]\n"
      "2:\n\t" GORT_BARRIER_WINDOW
      : [place] "=Q"(*slot)
      : [value] "r"(value), [flag] "Q"(gort_marking)
      : "x16"
      : slow);
  return;
slow:
#endif
  store_slow(slot, value);
}

#if defined(GORT_BARRIER_INLINE)
extern "C" {
[[gnu::weak, gnu::visibility("hidden")]] extern const std::int32_t __start_gort_barriers[];
[[gnu::weak, gnu::visibility("hidden")]] extern const std::int32_t __stop_gort_barriers[];
}
// The windows of the program, or of one shared library: each has its own, entered when it is loaded
// and removed when it is unloaded.
struct barrier_table {
  const std::int32_t* begin;
  const std::int32_t* end;
  std::atomic<barrier_table*> next{nullptr};

  barrier_table(const std::int32_t* first, const std::int32_t* last) noexcept;
  ~barrier_table();
};
[[gnu::visibility("hidden"), gnu::used]] inline barrier_table barriers_here(__start_gort_barriers,
                                                                            __stop_gort_barriers);
#endif

// Exchanges that order memory as the strongest of theirs do. One instruction each where there is
// one, which is the end of a window too: before it nothing has happened.
[[gnu::always_inline]] inline void* exchange_reference(void** slot, void* value) noexcept {
#if defined(GORT_BARRIER_INLINE) && defined(__x86_64__)
  GORT_BARRIER_SLOT(slot)
  void* old = value;
  asm goto(
      "1: cmpb $0, %[flag]\n\t"
      "jne %l[slow]\n\t"
      "xchgq %[old], %[place]\n"
      "2:\n\t" GORT_BARRIER_WINDOW
      : [place] "+m"(*slot), [old] "+r"(old)
      : [flag] "m"(gort_marking)
      : "cc", "memory"
      : slow);
  return old;
slow:
#endif
  return exchange_slow(slot, value);
}
[[gnu::always_inline]] inline bool compare_exchange_reference(void** slot, void*& expected,
                                                              void* value) noexcept {
#if defined(GORT_BARRIER_INLINE) && defined(__x86_64__)
  GORT_BARRIER_SLOT(slot)
  void* found = expected;
  asm goto(
      "1: cmpb $0, %[flag]\n\t"
      "jne %l[slow]\n\t"
      "lock cmpxchgq %[value], %[place]\n"
      "2:\n\t" GORT_BARRIER_WINDOW
      : [place] "+m"(*slot), [found] "+a"(found)
      : [value] "r"(value), [flag] "m"(gort_marking)
      : "cc", "memory"
      : slow);
  if (found == expected) return true;
  expected = found;
  return false;
slow:
#endif
  return compare_exchange_slow(slot, expected, value);
}

// Of the constructors by which classes with a reference are literal types.
struct literal_tag {};

// A reference in a slot that may lie anywhere: what the handle types hold. Copies as a word; the
// owner type gives it its meaning. Constructing stores without a barrier: what was there before was
// no reference.
//
// Two things are as they are only for needs_destructor (type_info.hpp), which sees by them whether
// a class has a destructor of its own. Copying is not declared noexcept, though it never throws.
// And the class is a literal type: one constructor and the destructor are constexpr. Nothing calls
// that constructor, so there are no constants of it; or a global one would not be entered, or not
// removed.
class reference {
 public:
  constexpr explicit reference(literal_tag) noexcept : value_(nullptr) {}
  [[gnu::always_inline]] reference() noexcept : value_(nullptr) { enter(); }
  [[gnu::always_inline]] explicit reference(void* value) noexcept : value_(value) { enter(); }
  [[gnu::always_inline]] reference(const reference& other) noexcept : value_(other.value_) {
    enter();
  }
  [[gnu::always_inline]] reference& operator=(const reference& other) noexcept(false) {
    set(other.value_);
    return *this;
  }
  // As with a pointer, what is moved from keeps its value.
  [[gnu::always_inline]] reference& operator=(reference&& other) noexcept {
    set(other.value_);
    return *this;
  }
  [[gnu::always_inline]] constexpr ~reference() {
    if (std::is_constant_evaluated()) {
      if (value_ != nullptr) leave();  // is no constant expression
    } else {
      leave();
    }
  }

  [[gnu::always_inline]] void* get() const noexcept { return value_; }
  [[gnu::always_inline]] void set(void* value) noexcept { store_reference(&value_, value); }
  [[gnu::always_inline]] void** slot() noexcept { return &value_; }

 private:
  [[gnu::always_inline]] void enter() noexcept {
    // In an object that new_ has just made, as far as the compiler sees; 0 if it does not.
    if (__builtin_object_size(this, 2) >= kCollectedReach) return;
    if (is_surely_stack(this) || in_collected_heap(this)) [[likely]]
      return;
    void* const value = value_;
    enter_handle(&value_);
    // Until the slot is known, the value is held by a register or the stack.
    asm volatile("" : : "r"(value));
  }
  // What a stack held was scanned; what a collected object held is shown, since something else may
  // be made in its place, without a barrier.
  [[gnu::always_inline]] void leave() noexcept {
    if (is_surely_stack(this)) return;
    if (in_collected_heap(this)) {
      if (is_marking()) [[unlikely]]
        show_old_slow(value_);
    } else {
      remove_handle(&value_);
    }
  }

  void* value_;
};

}  // namespace gort::detail
