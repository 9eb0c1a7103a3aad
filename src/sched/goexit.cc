// goexit: unwinding a goroutine from wherever it is.
//
// A forced unwind runs every destructor up to the goroutine's first frame and cannot be stopped: if
// a catch (...) swallows it, it goes on from there, as Go's recover cannot stop Goexit. It is no
// C++ exception, so handlers for exceptions never see it. The stop function is asked at every
// frame; at the outermost one the goroutine ends. Runs on the calling goroutine. Not here: how a
// goroutine ends otherwise (loop.cc).
#include <unwind.h>

#include "base/assert.h"
#include "sched/loop.h"
#include "sched/sched.h"

namespace gort::sched {
namespace {

constexpr std::uint64_t kClass = 0x474f525445584954;  // "GORTEXIT"

_Unwind_Reason_Code stop(int, _Unwind_Action actions, _Unwind_Exception_Class,
                         _Unwind_Exception* exception, _Unwind_Context*, void*) {
  if (actions & _UA_END_OF_STACK) {
    delete exception;
    end_running_goroutine();
  }
  return _URC_NO_REASON;
}

// A handler swallowed it: the handler's end deletes the exception, and the unwind starts again
// there.
void go_on(_Unwind_Reason_Code, _Unwind_Exception* exception) {
  delete exception;
  exit_goroutine();
}

}  // namespace

void exit_goroutine() {
  Thread* thread = enter();
  const bool foreign = thread->current->has(kForeign);
  leave(thread);
  if (foreign) {
    base::fatal(base::FatalScope::current, "goexit called on a thread that is no goroutine");
  }
  auto* exception = new _Unwind_Exception{};
  exception->exception_class = kClass;
  exception->exception_cleanup = go_on;
  _Unwind_ForcedUnwind(exception, stop, nullptr);
  base::fatal(base::FatalScope::current, "goexit could not unwind the stack");
}

}  // namespace gort::sched
