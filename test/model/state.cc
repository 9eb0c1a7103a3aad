// One state of the model: as 64 bits, under canonical names, and in words for a trace.
//
// A search is as large as its states are many. Objects have no identity but how they are reached,
// so states that differ in names only are one: canonical() names objects in the order in which a
// fixed walk meets them. That finds most of the equal ones, which is all it has to.
#include "test/model/protocol.h"

namespace model {
namespace {

// All fields of a state in one order, packed or unpacked by `field(value, bits)`.
template <typename AnyState, typename Field>
void each_field(AnyState& state, Field field) {
  for (int i = 0; i < kMaxSlots; ++i) {
    field(state.slots[i], 2);
    field(state.slot_scanned[i], 1);
  }
  for (int i = 0; i < kMaxObjects; ++i) {
    field(state.colours[i], 2);
    field(state.fields[i], 2);
  }
  field(state.frame, 2);
  field(state.frame_scanned, 1);
  field(state.phase, 2);
  for (auto& mutator : state.mutators) {
    field(mutator.registers[0], 2);
    field(mutator.registers[1], 2);
    field(mutator.at, 3);
    field(mutator.place, 3);
    field(mutator.value, 2);
    field(mutator.old, 2);
    field(mutator.log, 3);
    field(mutator.status, 2);
  }
}

// 0 is null, so name[0] is 0; an object not met yet has no name.
class Naming {
 public:
  void meet(int reference) {
    if (reference == 0 || name_[reference]) return;
    order_[count_] = reference;
    name_[reference] = ++count_;
  }
  int count() const { return count_; }
  int object(int position) const { return order_[position] - 1; }
  std::uint8_t operator()(int reference) const { return name_[reference]; }

 private:
  std::array<std::uint8_t, kMaxObjects + 1> name_{};
  std::array<std::uint8_t, kMaxObjects> order_{};
  int count_ = 0;
};

Naming name_objects(const State& state) {
  Naming naming;
  for (int slot : state.slots) naming.meet(slot);
  naming.meet(state.frame);
  for (const Mutator& mutator : state.mutators) {
    for (int reference : mutator.registers) naming.meet(reference);
    naming.meet(mutator.old);
  }
  for (int i = 0; i < naming.count(); ++i) naming.meet(state.fields[naming.object(i)]);
  for (Colour colour : {Colour::black, Colour::grey, Colour::white, Colour::free}) {
    for (int object = 0; object < kMaxObjects; ++object) {
      if (state.colours[object] == colour) naming.meet(object + 1);
    }
  }
  return naming;
}

const char* const kColourNames[] = {"free", "white", "grey", "black"};
const char* const kPhaseNames[] = {"idle", "stopping", "marking"};
const char* const kAtNames[] = {"",
                                " at the start of a store",
                                " before its test",
                                " before its log entry",
                                " before its store",
                                " in an exchange",
                                " about to store, in a section"};
const char* const kStatusNames[] = {"", " stopped", " held", " unscanned"};

std::string reference_name(int reference) {
  return reference == 0 ? "-" : std::string(1, char('a' + reference - 1));
}

}  // namespace

std::uint64_t State::pack() const {
  std::uint64_t bits = 0;
  int at = 0;
  each_field(*this, [&](auto value, int width) {
    bits |= std::uint64_t(value) << at;
    at += width;
  });
  return bits;
}

State State::unpack(std::uint64_t bits) {
  State state;
  each_field(state, [&](auto& value, int width) {
    value = static_cast<std::remove_reference_t<decltype(value)>>(bits & ((1u << width) - 1));
    bits >>= width;
  });
  return state;
}

State State::canonical() const {
  const Naming name = name_objects(*this);
  State state = *this;
  // What the fields of the dead say matters only to a snapshot in which they were alive.
  if (state.phase != Phase::marking) {
    for (int object = 0; object < kMaxObjects; ++object) {
      if (fields[object] && !reachable(object)) state.fields[object] = 0;
    }
  }
  const auto inside = state.fields;
  for (auto& slot : state.slots) slot = name(slot);
  state.frame = name(frame);
  for (int object = 0; object < kMaxObjects; ++object) {
    const int named = name(object + 1) - 1;
    state.colours[named] = colours[object];
    state.fields[named] = name(inside[object]);
  }
  for (Mutator& mutator : state.mutators) {
    for (auto& reference : mutator.registers) reference = name(reference);
    mutator.old = name(mutator.old);
    if (mutator.place >= kMaxSlots) {
      mutator.place = kMaxSlots + name(mutator.place - kMaxSlots + 1) - 1;
    }
    int log = 0;
    for (int object = 0; object < kMaxObjects; ++object) {
      if (mutator.log >> object & 1) log |= 1 << (name(object + 1) - 1);
    }
    mutator.log = log;
  }
  return state;
}

bool State::reachable(int object) const {
  std::uint8_t met = 1;  // a bit per reference; null is always met
  for (int slot : slots) met |= 1 << slot;
  met |= 1 << frame;
  for (const Mutator& mutator : mutators) {
    for (int reference : mutator.registers) met |= 1 << reference;
  }
  for (int round = 0; round < kMaxObjects; ++round) {
    for (int i = 0; i < kMaxObjects; ++i) {
      if (met >> (i + 1) & 1) met |= 1 << fields[i];
    }
  }
  return met >> (object + 1) & 1;
}

std::string State::describe(const Shape& shape) const {
  std::string text = std::string(kPhaseNames[int(phase)]) + ";";
  for (int i = 0; i < shape.slots; ++i) {
    text += " s" + std::to_string(i) + "=" + reference_name(slots[i]);
    if (slot_scanned[i]) text += "(scanned)";
  }
  if (shape.frame) text += " frame=" + reference_name(frame) + (frame_scanned ? "(scanned)" : "");
  for (int i = 0; i < shape.objects; ++i) {
    if (colours[i] == Colour::free) continue;
    text += std::string(" ") + reference_name(i + 1) + ":" + kColourNames[int(colours[i])];
    if (fields[i]) text += "->" + reference_name(fields[i]);
  }
  for (int who = 0; who < kMutators; ++who) {
    const Mutator& mutator = mutators[who];
    text += "; M" + std::to_string(who) + " ";
    for (int i = 0; i < shape.registers[who]; ++i) text += reference_name(mutator.registers[i]);
    text += kStatusNames[int(mutator.status)];
    text += kAtNames[int(mutator.at)];
    if (mutator.old) text += ", old " + reference_name(mutator.old);
    for (int i = 0; i < kMaxObjects; ++i) {
      if (mutator.log >> i & 1) text += ", logged " + reference_name(i + 1);
    }
  }
  return text;
}

std::string Step::describe() const {
  const std::string mutator = "M" + std::to_string(who) + " ";
  const std::string reg = "r" + std::to_string(a);
  const std::string place =
      b < kMaxSlots ? "s" + std::to_string(b) : reference_name(b - kMaxSlots + 1) + "'s field";
  const std::string value = a < 2 ? reg : "null";
  switch (action) {
    case Action::load: return mutator + "loads " + reg + " from " + place;
    case Action::drop: return mutator + "drops " + reg;
    case Action::choose_store: return mutator + "begins to store " + value + " in " + place;
    case Action::begin_store: return mutator + "begins its store again";
    case Action::test: return mutator + "tests: " + (a ? "marking" : "not marking");
    case Action::log: return mutator + "logs";
    case Action::store: return mutator + "stores";
    case Action::exchange: return mutator + "exchanges " + reg + " and " + place;
    case Action::exchange_log: return mutator + "logs what it exchanged";
    case Action::allocate: return mutator + "allocates into " + reg;
    case Action::run: return mutator + "parks its goroutine and runs the other";
    case Action::take: return mutator + "takes " + reg + " from the parked frame";
    case Action::put: return mutator + "puts " + reg + " into the parked frame";
    case Action::stop: return mutator + "is stopped";
    case Action::request: return "the collector wants to start";
    case Action::flip: return "the flip";
    case Action::scan_thread: return mutator + "is scanned";
    case Action::scan_slot: return "the marker scans s" + std::to_string(who);
    case Action::scan_frame: return "the marker scans the parked frame";
    case Action::scan_object: return "the marker scans " + reference_name(who + 1);
    case Action::drain: return "the marker drains the log of M" + std::to_string(who);
    case Action::end: return "marking ends";
    case Action::sweep: return "the sweep frees " + reference_name(who + 1);
    case Action::count: break;
  }
  return "?";
}

}  // namespace model
