// Breadth-first search with a hash table of packed states, and the trace to a fault.
//
// A state is 8 bytes; what is kept of it is that, and the number of the state that it came from. A
// trace is found backwards through those numbers and then walked forwards again on states that keep
// their names, for canonical ones rename objects at every step.
#include "test/model/explore.h"

#include <algorithm>

namespace model {
namespace {

class Seen {
 public:
  Seen() : table_(std::size_t{1} << 16) {}

  // The state's number; true if it is new.
  bool insert(std::uint64_t bits, std::uint32_t from) {
    if (states_.size() * 2 >= table_.size()) grow();
    std::uint32_t& entry = find(bits);
    if (entry) return false;
    states_.push_back(bits);
    from_.push_back(from);
    entry = static_cast<std::uint32_t>(states_.size());
    return true;
  }
  std::size_t size() const { return states_.size(); }
  std::uint64_t state(std::size_t number) const { return states_[number]; }
  std::uint32_t from(std::size_t number) const { return from_[number]; }

 private:
  std::uint32_t& find(std::uint64_t bits) {
    std::size_t at = (bits * 0x9e3779b97f4a7c15u) >> 20;
    for (;; ++at) {
      std::uint32_t& entry = table_[at & (table_.size() - 1)];
      if (entry == 0 || states_[entry - 1] == bits) return entry;
    }
  }
  void grow() {
    table_.assign(table_.size() * 4, 0);
    for (std::size_t i = 0; i < states_.size(); ++i) {
      find(states_[i]) = static_cast<std::uint32_t>(i + 1);
    }
  }

  std::vector<std::uint32_t> table_;  // 0: empty; else number + 1
  std::vector<std::uint64_t> states_;
  std::vector<std::uint32_t> from_;
};

std::string line(const Step& step, const Shape& shape) {
  std::string text = step.describe();
  text.resize(std::max<std::size_t>(text.size() + 1, 44), ' ');
  return text + "| " + step.after.describe(shape);
}

std::vector<std::string> trace_to(const Protocol& protocol, const Shape& shape, const Seen& seen,
                                  std::uint32_t last) {
  std::vector<std::uint64_t> path;
  for (std::uint32_t at = last; at != 0; at = seen.from(at)) path.push_back(seen.state(at));
  std::reverse(path.begin(), path.end());

  std::vector<std::string> trace;
  std::vector<Step> next;
  State state;
  for (std::uint64_t wanted : path) {
    steps(protocol, shape, state, next);
    for (const Step& step : next) {
      if (step.after.canonical().pack() != wanted) continue;
      trace.push_back(line(step, shape));
      state = step.after;
      break;
    }
  }
  steps(protocol, shape, state, next);
  for (const Step& step : next) {
    if (!step.lost) continue;
    trace.push_back(line(step, shape));
    trace.push_back(std::string("LOST: ") + step.lost);
    break;
  }
  return trace;
}

}  // namespace

Verdict explore(const Protocol& protocol, const Shape& shape, std::size_t limit) {
  Verdict verdict;
  Seen seen;
  std::vector<Step> next;
  seen.insert(State{}.canonical().pack(), 0);
  for (std::uint32_t at = 0; at < seen.size(); ++at) {
    if (seen.size() > limit) break;
    steps(protocol, shape, State::unpack(seen.state(at)), next);
    for (const Step& step : next) {
      ++verdict.taken[std::size_t(step.action)];
      if (step.lost) {
        verdict.lost = true;
        verdict.states = seen.size();
        verdict.trace = trace_to(protocol, shape, seen, at);
        return verdict;
      }
      seen.insert(step.after.canonical().pack(), at);
    }
  }
  verdict.complete = seen.size() <= limit;
  verdict.states = seen.size();
  return verdict;
}

}  // namespace model
