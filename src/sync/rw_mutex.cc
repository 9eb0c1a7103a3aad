// rw_mutex: many readers or one writer, behind one short lock.
//
// Go's rules: a writer that waits keeps new readers out, so writers do not starve; when a writer is done all readers that
// waited get in before the next writer, so readers do not either. Ownership is handed over with the
// wake-up: nobody competes. A reader's waiter has tag 0, a writer's 1; the queue holds both, in order of arrival.
// Runs inside the runtime; parks. Not here: mutex, which is built for speed (mutex.cc).
#include "base/assert.h"
#include "sync/wait_list.h"

namespace gort::detail {

using namespace gort::sync;

namespace {

constexpr std::uintptr_t kReader = 0, kWriter = 1;

// Who was let in, to be woken when the lock is released.
struct Woken {
  Waiter* first = nullptr;
  Waiter* last = nullptr;
  void add(Waiter* waiter) {
    waiter->next = nullptr;
    (last != nullptr ? last->next : first) = waiter;
    last = waiter;
  }
  void wake_all(sched::Thread* thread) {
    while (Waiter* waiter = first) {
      first = waiter->next;  // its memory is gone once it runs
      wake(thread, waiter);
    }
  }
};

bool claim(Waiter* waiter) { return waiter->choice == nullptr || waiter->choice->claim(); }

void admit_readers(rw_mutex_core& mutex, WaitList& list, Woken& woken) {
  for (Waiter* waiter = list.queue.first; waiter != nullptr;) {
    Waiter* next = waiter->next;
    if (waiter->tag == kReader) {
      list.queue.unlink(waiter);
      if (claim(waiter)) {
        ++mutex.readers;
        woken.add(waiter);
      }
    }
    waiter = next;
  }
}

void admit_writer(rw_mutex_core& mutex, WaitList& list, Woken& woken) {
  for (Waiter* waiter = list.queue.first; waiter != nullptr;) {
    Waiter* next = waiter->next;
    if (waiter->tag == kWriter) {
      list.queue.unlink(waiter);
      --mutex.waiting_writers;
      if (claim(waiter)) {
        mutex.writer = true;
        woken.add(waiter);
        return;
      }
    }
    waiter = next;
  }
}

// Lets in whoever may come in now; readers first after a writer, a writer first after readers.
void admit(rw_mutex_core& mutex, WaitList& list, bool readers_first, Woken& woken) {
  if (readers_first) admit_readers(mutex, list, woken);
  if (mutex.readers == 0 && !mutex.writer) admit_writer(mutex, list, woken);
  if (!mutex.writer && mutex.waiting_writers == 0) admit_readers(mutex, list, woken);
}

// Waits in the queue, with the list's lock held on entry. False if `ctx` was done first.
bool wait_in(rw_mutex_core& mutex, Section& section, std::uintptr_t kind, const context* ctx,
             WaitReason reason) {
  WaitList& list = open(mutex.list);
  Waiter waiter;
  waiter.tag = kind;
  CancellableWait wait(section, waiter, done_of(ctx));
  list.queue.push_back(&waiter);
  if (kind == kWriter) ++mutex.waiting_writers;
  list.lock.unlock();
  const WaitOutcome outcome = wait.park_removing(reason, [&] {
    Woken woken;
    list.lock.lock();
    if (waiter.queue != nullptr) {
      list.queue.unlink(&waiter);
      if (kind == kWriter) --mutex.waiting_writers;
      admit(mutex, list, false, woken);  // a writer that gives up lets readers in
    }
    list.lock.unlock();
    woken.wake_all(section.thread());
  });
  return outcome == WaitOutcome::woken;
}

}  // namespace

void rw_mutex_core::lock_shared(const context* ctx) {
  {
    Section section;
    open(list).lock.lock();
    if (!writer && waiting_writers == 0) {
      ++readers;
      open(list).lock.unlock();
      return;
    }
    if (wait_in(*this, section, kReader, ctx, WaitReason::rw_mutex_rlock)) return;
  }
  throw_context_error(*ctx);
}

bool rw_mutex_core::try_lock_shared() {
  Section section;
  base::Guard guard(open(list).lock);
  if (writer || waiting_writers > 0) return false;
  ++readers;
  return true;
}

void rw_mutex_core::unlock_shared() {
  Section section;
  Woken woken;
  open(list).lock.lock();
  if (readers == 0) {
    open(list).lock.unlock();
    base::fatal(base::FatalScope::current, "sync: RUnlock of unlocked RWMutex");
  }
  if (--readers == 0) admit(*this, open(list), false, woken);
  open(list).lock.unlock();
  woken.wake_all(section.thread());
}

void rw_mutex_core::lock(const context* ctx) {
  {
    Section section;
    open(list).lock.lock();
    if (!writer && readers == 0) {
      writer = true;
      open(list).lock.unlock();
      return;
    }
    if (wait_in(*this, section, kWriter, ctx, WaitReason::rw_mutex_lock)) return;
  }
  throw_context_error(*ctx);
}

bool rw_mutex_core::try_lock() {
  Section section;
  base::Guard guard(open(list).lock);
  if (writer || readers > 0) return false;
  writer = true;
  return true;
}

void rw_mutex_core::unlock() {
  Section section;
  Woken woken;
  open(list).lock.lock();
  if (!writer) {
    open(list).lock.unlock();
    base::fatal(base::FatalScope::current, "sync: Unlock of unlocked RWMutex");
  }
  writer = false;
  admit(*this, open(list), true, woken);
  open(list).lock.unlock();
  woken.wake_all(section.thread());
}

}  // namespace gort::detail
