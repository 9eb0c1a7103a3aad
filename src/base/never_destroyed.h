// A variable at namespace scope that is there before any constructor runs, and never goes away.
//
//     extern constinit base::NeverDestroyed<Scheduler> scheduler_storage;
//     inline constexpr Scheduler& scheduler = scheduler_storage.value;
//
// Other threads, and what is destroyed after main, may use it up to the process's end; and as its
// address is known when the library is linked, reading a member is one instruction. Any thread.
#pragma once

namespace gort::base {

template <class T>
union NeverDestroyed {
  T value;
  constexpr NeverDestroyed() : value() {}
  ~NeverDestroyed() {}
};

}  // namespace gort::base
