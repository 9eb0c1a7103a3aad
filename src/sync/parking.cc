// The table of waiters: its queues. See parking.h.
//
// Runs inside the runtime, under a bucket's lock.
#include "sync/parking.h"

namespace gort::detail {

std::atomic<std::uint8_t> parking_calm[kParkingBuckets];

}  // namespace gort::detail

namespace gort::sync {

constinit ParkingBucket parking_buckets[detail::kParkingBuckets];

void ParkingQueue::insert_between(Waiter* previous, Waiter* waiter, Waiter* next) {
  waiter->queue = &queue_;
  waiter->previous = previous;
  waiter->next = next;
  (previous != nullptr ? previous->next : queue_.first) = waiter;
  (next != nullptr ? next->previous : queue_.last) = waiter;
}

void ParkingQueue::push_back(Parked* waiter) {
  Parked* head = find(waiter->slot);
  if (head == nullptr) {
    waiter->run_last = waiter;
    queue_.push_back(waiter);
    return;
  }
  insert_between(head->run_last, waiter, head->run_last->next);
  head->run_last = waiter;
}

void ParkingQueue::push_front(Parked* waiter) {
  Parked* head = find(waiter->slot);
  if (head == nullptr) return push_back(waiter);
  waiter->run_last = head->run_last;
  insert_between(head->previous, waiter, head);
}

void ParkingQueue::remove(Parked* waiter) {
  const auto is_neighbour = [waiter](const Waiter* other) {
    return other != nullptr && other->slot == waiter->slot;
  };
  const bool is_first = !is_neighbour(waiter->previous);
  const bool is_last = !is_neighbour(waiter->next);
  if (is_first && !is_last) {
    as_parked(waiter->next)->run_last = waiter->run_last;
  } else if (is_last && !is_first) {
    find(waiter->slot)->run_last = as_parked(waiter->previous);
  }
  queue_.unlink(waiter);
}

bool ParkingQueue::check_invariants() const {
  for (Parked* head = as_parked(queue_.first); head != nullptr;
       head = as_parked(head->run_last->next)) {
    if (find(head->slot) != head) return false;  // a second run of the same address
    for (Waiter* waiter = head; waiter != head->run_last; waiter = waiter->next) {
      if (waiter->next == nullptr || waiter->next->slot != head->slot) return false;
      if (waiter->next->previous != waiter || waiter->queue != &queue_) return false;
    }
  }
  return true;
}

}  // namespace gort::sync
