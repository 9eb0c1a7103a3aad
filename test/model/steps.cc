// What mutators and the collector can do next.
//
// One function per participant; each adds every successor of `state_`. A step is what no other
// thread can see half done: one load or store, or a stretch under a runtime lock. A stretch inside
// a runtime section can be seen half done by other threads but is never cut by a stop: At::section.
#include "test/model/protocol.h"

namespace model {
namespace {

class Stepper {
 public:
  Stepper(const Protocol& protocol, const Shape& shape, const State& state,
          std::vector<Step>& result)
      : protocol_(protocol), shape_(shape), state_(state), result_(result) {}

  void mutator(int who);
  void collector();

 private:
  State& add(Action action, int who, int a = 0, int b = 0) {
    result_.push_back({state_, action, std::uint8_t(who), std::uint8_t(a), std::uint8_t(b)});
    return result_.back().after;
  }
  void idle(int who);
  void accesses(int who, int place);
  void frames(int who);
  void store_steps(int who);
  void begin(State& state, int who) const;
  void marking_steps();
  void flip();
  void end();

  // The phase as this thread sees it.
  bool marking(const Mutator& mutator) const {
    return state_.phase == Phase::marking ||
           (state_.phase == Phase::stopping && !protocol_.one_instant &&
            mutator.status == Status::unscanned);
  }
  void shade(State& state, int reference) const {
    if (reference && state.colours[reference - 1] == Colour::white) {
      const bool nothing_inside = !shape_.fine && !shape_.fields;
      state.colours[reference - 1] = nothing_inside ? Colour::black : Colour::grey;
    }
  }
  void log(State& state, int who, int reference) const {
    if (!shape_.fine) return shade(state, reference);
    if (reference && state.colours[reference - 1] == Colour::white) {
      state.mutators[who].log |= 1 << (reference - 1);
    }
  }
  static std::uint8_t& at(State& state, int place) {
    return place < kMaxSlots ? state.slots[place] : state.fields[place - kMaxSlots];
  }
  static int value_of(const Mutator& mutator) {
    return mutator.value < 2 ? mutator.registers[mutator.value] : 0;
  }
  void scan(State& state, int who) const;

  const Protocol& protocol_;
  const Shape& shape_;
  const State& state_;
  std::vector<Step>& result_;
};

void Stepper::mutator(int who) {
  const Mutator& self = state_.mutators[who];
  if (self.status == Status::stopped || self.status == Status::held) return;
  if (self.at == At::idle) {
    idle(who);
  } else {
    store_steps(who);
  }
  if (state_.phase == Phase::stopping && self.status == Status::running && self.at != At::section &&
      self.at != At::inner) {
    State& next = add(Action::stop, who);
    next.mutators[who].status = Status::stopped;
    if (!protocol_.one_instant) {
      scan(next, who);
      next.mutators[who].status = Status::unscanned;
    }
  }
}

void Stepper::idle(int who) {
  const Mutator& self = state_.mutators[who];
  for (int place = 0; place < shape_.slots; ++place) accesses(who, place);
  if (shape_.fields) {
    for (int object = 0; object < shape_.objects; ++object) {
      if (self.registers[0] == object + 1 || self.registers[1] == object + 1) {
        accesses(who, kMaxSlots + object);
      }
    }
  }
  for (int to = 0; to < shape_.registers[who]; ++to) {
    if (self.registers[to]) add(Action::drop, who, to).mutators[who].registers[to] = 0;
    for (int object = 0; object < shape_.objects; ++object) {
      if (state_.colours[object] != Colour::free) continue;
      State& next = add(Action::allocate, who, to, object);
      const bool late = !protocol_.one_instant && state_.phase == Phase::stopping && !marking(self);
      const bool white = late || (marking(self) && !protocol_.allocate_black);
      next.colours[object] = white ? Colour::white : Colour::black;
      next.mutators[who].registers[to] = object + 1;
      break;
    }
  }
  if (shape_.frame) frames(who);
}

void Stepper::accesses(int who, int place) {
  const Mutator& self = state_.mutators[who];
  const Mutator& other = state_.mutators[1 - who];
  const bool busy = other.at != At::idle && other.place == place;
  if (busy && protocol_.races == Races::none) return;
  State now = state_;
  const int held = at(now, place);
  for (int to = 0; to < shape_.registers[who]; ++to) {
    if (self.registers[to] == held) continue;
    add(Action::load, who, to, place).mutators[who].registers[to] = held;
    if (!shape_.exchange || (busy && protocol_.races == Races::readers)) continue;
    State& next = add(Action::exchange, who, to, place);
    at(next, place) = self.registers[to];
    Mutator& mutator = next.mutators[who];
    mutator.registers[to] = held;
    mutator.at = At::section;
    mutator.place = place;
    mutator.old = held;
  }
  if (busy && protocol_.races == Races::readers) return;
  for (int value = 0; value < 3; ++value) {
    if (value < 2 && (value >= shape_.registers[who] || !self.registers[value])) continue;
    State& next = add(Action::choose_store, who, value, place);
    next.mutators[who].place = place;
    next.mutators[who].value = value;
    begin(next, who);
  }
}

// A parked goroutine's frame: its goroutine is run by mutator 1, others reach in through a channel.
void Stepper::frames(int who) {
  const Mutator& self = state_.mutators[who];
  if (!protocol_.one_instant && state_.phase == Phase::stopping) return;
  for (int with = 0; with < shape_.registers[who]; ++with) {
    if (state_.frame && !self.registers[with]) {
      State& next = add(Action::take, who, with);
      if (marking(self) && protocol_.shade_taken) shade(next, state_.frame);
      next.mutators[who].registers[with] = state_.frame;
      next.frame = 0;
    } else if (!state_.frame && self.registers[with]) {
      State& next = add(Action::put, who, with);
      // Stacks that are scanned at different instants need this; one snapshot does not.
      if (marking(self) && protocol_.barrier == Barrier::both) shade(next, self.registers[with]);
      next.frame = self.registers[with];
    }
  }
  if (who != 1 || self.registers[1] || self.registers[0] == state_.frame) return;
  State& next = add(Action::run, who);
  bool scanned = state_.frame_scanned;
  if (state_.phase == Phase::marking && !scanned && protocol_.scan_before_run) {
    shade(next, state_.frame);
    scanned = true;
  }
  next.mutators[who].registers[0] = state_.frame;
  next.frame = self.registers[0];
  if (state_.phase == Phase::marking) {
    next.frame_scanned = self.status == Status::running;
    next.mutators[who].status = scanned ? Status::running : Status::unscanned;
  }
}

// The first step of a store: what a restart returns to.
void Stepper::begin(State& state, int who) const {
  Mutator& self = state.mutators[who];
  switch (protocol_.barrier) {
    case Barrier::none: self.at = At::store; return;
    case Barrier::deletion:
      self.old = at(state, self.place);
      self.at = At::test;
      return;
    case Barrier::store_first:
      self.old = at(state, self.place);
      at(state, self.place) = value_of(self);
      self.at = At::test;
      return;
    case Barrier::call:
    case Barrier::test_first:
    case Barrier::insertion:
    case Barrier::both: self.at = marking(self) ? At::log : At::store; return;
  }
}

void Stepper::store_steps(int who) {
  const Mutator& self = state_.mutators[who];
  const Barrier barrier = protocol_.barrier;
  const At after_log = barrier == Barrier::store_first ? At::idle
                       : barrier == Barrier::call      ? At::inner
                                                       : At::store;
  if (self.at == At::start) {
    begin(add(Action::begin_store, who), who);
  } else if (self.at == At::test) {
    State& next = add(Action::test, who, marking(self));
    next.mutators[who].at = marking(self) ? At::log : after_log;
  } else if (self.at == At::log) {
    State& next = add(Action::log, who);
    Mutator& mutator = next.mutators[who];
    if (barrier == Barrier::test_first || barrier == Barrier::both || barrier == Barrier::call) {
      mutator.old = at(next, self.place);
    }
    if (marking(self)) {  // asked again in the runtime's section: the cycle may have ended
      if (barrier != Barrier::insertion) log(next, who, mutator.old);
      if (barrier == Barrier::insertion || barrier == Barrier::both) {
        log(next, who, value_of(self));
      }
    }
    mutator.at = after_log;
  } else if (self.at == At::store || self.at == At::inner) {
    State& next = add(Action::store, who);
    at(next, self.place) = value_of(self);
    next.mutators[who].at = At::idle;
  } else {  // the second half of an exchange: what it stored is in the slot, what it got in `old`
    State& next = add(Action::exchange_log, who);
    if (marking(self)) {
      log(next, who, self.old);
      if (barrier == Barrier::both) log(next, who, at(next, self.place));
    }
    next.mutators[who].at = At::idle;
  }
  Mutator& mutator = result_.back().after.mutators[who];
  if (mutator.at == At::idle) mutator.place = mutator.value = mutator.old = 0;
}

// A thread's own scan at the rendezvous, and the restart of the store that the flip found open.
void Stepper::scan(State& state, int who) const {
  Mutator& self = state.mutators[who];
  if (protocol_.scan_registers) {
    for (int reference : self.registers) shade(state, reference);
  }
  if (protocol_.scan_in_flight) shade(state, self.old);
  if (self.at == At::start) self.old = 0;
  self.status = Status::running;
}

void Stepper::flip() {
  State& next = add(Action::flip, 0);
  for (Colour& colour : next.colours) {
    if (colour == Colour::black) {
      colour = Colour::white;
    } else if (colour == Colour::white) {
      colour = Colour::black;  // two colours, whose meanings change places: see [GS6]
    }
  }
  if (!protocol_.one_instant) {
    next.phase = Phase::stopping;
    return;
  }
  next.phase = Phase::marking;
  for (Mutator& mutator : next.mutators) {
    mutator.status = protocol_.scan_before_going_on ? Status::held : Status::unscanned;
    const bool open = mutator.at == At::test || mutator.at == At::store ||
                      (mutator.at == At::log && protocol_.barrier != Barrier::call);
    if (!open || protocol_.barrier == Barrier::store_first) continue;
    if (protocol_.restart == Restart::from_start) {
      mutator.at = At::start;
      if (!protocol_.scan_in_flight) mutator.old = 0;
    } else if (protocol_.restart == Restart::at_test) {
      mutator.at = At::test;
    }
  }
  if (shape_.fine || !protocol_.scan_before_going_on) return;
  for (int who = 0; who < kMutators; ++who) scan(next, who);
}

void Stepper::collector() {
  const auto& mutators = state_.mutators;
  bool swept = true;
  for (int object = 0; object < shape_.objects; ++object) {
    if (state_.colours[object] != Colour::white) continue;
    swept = false;
    if (state_.phase != Phase::idle && protocol_.sweep_first) continue;
    Step step{state_, Action::sweep, std::uint8_t(object)};
    if (state_.reachable(object)) step.lost = "the sweep frees an object that can be reached";
    step.after.colours[object] = Colour::free;
    step.after.fields[object] = 0;
    result_.push_back(step);
  }
  if (state_.phase == Phase::idle && (swept || !protocol_.sweep_first)) {
    if (protocol_.one_instant) {
      add(Action::request, 0).phase = Phase::stopping;
    } else {
      flip();
    }
  } else if (state_.phase == Phase::stopping) {
    const Status wanted = protocol_.one_instant ? Status::stopped : Status::unscanned;
    if (mutators[0].status != wanted || mutators[1].status != wanted) return;
    if (protocol_.one_instant) {
      flip();
    } else {
      State& next = add(Action::flip, 1);
      next.phase = Phase::marking;
      for (Mutator& mutator : next.mutators) mutator.status = Status::running;
    }
  } else if (state_.phase == Phase::marking) {
    marking_steps();
  }
}

void Stepper::marking_steps() {
  bool done = true;
  for (int who = 0; who < kMutators; ++who) {
    const Mutator& mutator = state_.mutators[who];
    if (mutator.status == Status::held || mutator.status == Status::unscanned) {
      scan(add(Action::scan_thread, who), who);
      done = false;
    }
    if (mutator.log) {
      State& next = add(Action::drain, who);
      for (int object = 0; object < shape_.objects; ++object) {
        if (mutator.log >> object & 1) shade(next, object + 1);
      }
      next.mutators[who].log = 0;
      done = done && !protocol_.end_waits_for_logs;
    }
    const bool inside = mutator.at == At::section || mutator.at == At::inner;
    if (inside && protocol_.end_waits_for_sections) done = false;
  }
  for (int slot = 0; slot < shape_.slots; ++slot) {
    if (state_.slot_scanned[slot]) continue;
    State& next = add(Action::scan_slot, slot);
    shade(next, state_.slots[slot]);
    next.slot_scanned[slot] = true;
    done = false;
  }
  if (shape_.frame && !state_.frame_scanned) {
    State& next = add(Action::scan_frame, 0);
    shade(next, state_.frame);
    next.frame_scanned = true;
    done = false;
  }
  for (int object = 0; object < shape_.objects; ++object) {
    if (state_.colours[object] != Colour::grey) continue;
    State& next = add(Action::scan_object, object);
    shade(next, state_.fields[object]);
    next.colours[object] = Colour::black;
    done = false;
  }
  if (done) end();
}

void Stepper::end() {
  State& next = add(Action::end, 0);
  next.phase = Phase::idle;
  next.slot_scanned = {};
  next.frame_scanned = false;
  for (Mutator& mutator : next.mutators) mutator.log = 0;
  for (int object = 0; object < shape_.objects; ++object) {
    if (state_.colours[object] == Colour::white && state_.reachable(object)) {
      result_.back().lost = "marking ends and an object that can be reached is white";
    }
    if (next.colours[object] == Colour::white && !shape_.fine) {
      next.colours[object] = Colour::free;
      next.fields[object] = 0;
    }
  }
}

}  // namespace

void steps(const Protocol& protocol, const Shape& shape, const State& state,
           std::vector<Step>& result) {
  result.clear();
  Stepper stepper(protocol, shape, state, result);
  for (int who = 0; who < kMutators; ++who) stepper.mutator(who);
  stepper.collector();
}

}  // namespace model
