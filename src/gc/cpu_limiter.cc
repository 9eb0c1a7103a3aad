// The leaky bucket of the CPU limiter.
//
// An update splits the processor time since the last one: idle, the collector's (assists as
// reported, and while marking a quarter for the background, which is what it is entitled to whether
// or not it took it), the program's (the rest). The bucket fills by the difference of the last two:
// so it is stationary at half and half.
#include "gc/cpu_limiter.h"

#include <algorithm>

#include "gc/pacer.h"

namespace gort::collector {

CpuLimiter::CpuLimiter(std::int64_t now_ns, int processors)
    : last_ns_(now_ns), processors_(processors) {}

void CpuLimiter::update(std::int64_t now_ns) {
  if (!lock_.try_lock()) return;
  update_locked(now_ns);
  lock_.unlock();
}

void CpuLimiter::start_transition(std::int64_t now_ns, bool marking) {
  lock_.lock();
  update_locked(now_ns);
  marking_ = marking;
  in_transition_ = true;
  lock_.unlock();
}

void CpuLimiter::finish_transition(std::int64_t now_ns) {
  lock_.lock();
  in_transition_ = false;
  const std::int64_t last_ns = last_ns_.load(std::memory_order_relaxed);
  if (now_ns > last_ns) {
    accumulate(0, (now_ns - last_ns) * processors_);
    last_ns_.store(now_ns, std::memory_order_relaxed);
  }
  lock_.unlock();
}

void CpuLimiter::set_processors(std::int64_t now_ns, int processors) {
  lock_.lock();
  update_locked(now_ns);
  processors_ = processors;
  const std::int64_t capacity = processors * kCapacityNs;
  fill_ns_ = std::min(fill_ns_, capacity);
  limiting_.store(fill_ns_ == capacity, std::memory_order_relaxed);
  lock_.unlock();
}

void CpuLimiter::update_locked(std::int64_t now_ns) {
  const std::int64_t last_ns = last_ns_.load(std::memory_order_relaxed);
  // Somebody with a younger clock was here first; or the world is stopped.
  if (now_ns < last_ns || in_transition_) return;
  last_ns_.store(now_ns, std::memory_order_relaxed);
  const std::int64_t total = (now_ns - last_ns) * processors_;
  const std::int64_t idle = idle_ns_.exchange(0, std::memory_order_relaxed);
  std::int64_t collector = assist_ns_.exchange(0, std::memory_order_relaxed);
  if (marking_) collector += static_cast<std::int64_t>(double(total) * kBackgroundShare);
  accumulate(total - idle - collector, collector);
}

void CpuLimiter::accumulate(std::int64_t program_ns, std::int64_t collector_ns) {
  if (collector_ns == program_ns) return;
  const std::int64_t most = processors_ * (kCapacityNs + kOverdraftNs);
  const std::int64_t wanted = fill_ns_ + collector_ns - program_ns;
  if (wanted > most) overflow_ns_ += wanted - most;
  fill_ns_ = std::clamp<std::int64_t>(wanted, 0, most);
  limiting_.store(fill_ns_ >= processors_ * kCapacityNs, std::memory_order_relaxed);
}

}  // namespace gort::collector
