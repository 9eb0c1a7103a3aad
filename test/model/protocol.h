// The collector's protocol as a finite machine: two mutators and a collector, step by step.
//
// A thread can be stopped by a signal between any two instructions, and a barrier is several: so
// whether an object can be lost is a question about interleavings, and there are too many for
// tests. Here is everything that the answer depends on and nothing else, small enough to try all of
// them.
//
// Memory: a few slots of collected memory that are always reachable, objects of one field each, one
// frame that belongs to a parked goroutine. The frame stands for what a stack that nobody runs can
// suffer: a waiting receiver's place is filled, a waiting sender's value is taken, its goroutine is
// run. A mutator is a thread: registers (its stack is the same to us) and at most one store under
// way. Colours as in the heap: what is allocated is black; the flip makes it white; marking turns
// it grey (found) and black (scanned); white after the end is dead until swept.
//
// The invariants; docs/COLLECTOR.md has the reasons and who upholds them. GS is for the safety of
// gc.
//
// [GS1] At the flip no thread is between the test or the reading of a slot's old value and its
//       overwriting, unless it restarts from there, or (if it has read) the value is in its scanned
//       registers.
// [GS2] Every object reachable at the flip, from roots, stacks and registers, is marked by the end.
// [GS3] Every object allocated after the flip is black until the end.
// [GS4] A goroutine runs during marking only after its stack was scanned in this cycle.
// [GS5] What leaves a traced place during marking (overwritten, taken by a receiver, popped) has
//       been shaded.
// [GS6] No span with marks of an older generation is allocated from or marked in.
// [GS7] The end is declared only when no thread holds an unpublished log entry or work item, or is
//       inside a section that is about to make one.
//
// Not here: which protocols there are (variants.cc), the search (explore.h).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace model {

// What a plain store `slot = value` does around the store.
enum class Barrier : std::uint8_t {
  none,
  deletion,     // load old; test; log old; store
  call,         // test; store; or, while marking, a section: load and log old, store
  test_first,   // test; load and log old; store
  store_first,  // load old and store; test; log old
  insertion,    // test; log value; store
  both,         // test; log old and value; store
};
// What the program may do while a plain store of a slot is under way: nothing with that slot; read
// it (an atomic slot with one writer); anything.
enum class Races : std::uint8_t { none, readers, writers };
enum class Restart : std::uint8_t { none, at_test, from_start };

struct Protocol {
  std::string name;
  Barrier barrier = Barrier::call;
  Restart restart = Restart::from_start;  // of a thread that the flip finds before its store
  Races races = Races::writers;
  bool one_instant = true;           // the phase changes for all when all are stopped
  bool scan_registers = true;        // by the rendezvous
  bool scan_in_flight = false;       // the old value of a store under way is in a scanned register
  bool scan_before_going_on = true;  // each thread its own; else the collector, when it comes to it
  bool scan_before_run = true;       // a parked goroutine, when a thread takes it up
  bool shade_taken = true;           // what is taken out of a parked goroutine's frame
  bool allocate_black = true;        // runs recoloured at the flip, too
  bool sweep_first = true;           // the flip waits for the last sweep
  bool end_waits_for_logs = true;
  bool end_waits_for_sections = true;
};

// How much of everything.
struct Shape {
  int objects = 3;            // at most 3
  int slots = 2;              // at most 2
  bool fields = false;        // objects have a field
  int registers[2] = {1, 1};  // at most 2 each
  bool frame = true;
  bool exchange = true;  // atomic exchanges, inside a section
  // Coarse: what a thread does alone is one step. Logs are published as they are written, a stopped
  // thread is scanned at the flip, the sweep is over with the end, an object without fields needs
  // no look. None of these hides an order that matters, but where the rule in question is about
  // them.
  bool fine = false;
};

inline constexpr int kMaxObjects = 3, kMaxSlots = 2, kMutators = 2;

enum class Colour : std::uint8_t { free, white, grey, black };
enum class Phase : std::uint8_t { idle, stopping, marking };
// Where a mutator is in its store.
// inner: about to store, inside a section.
enum class At : std::uint8_t { idle, start, test, log, store, section, inner };
// stopped: for the flip. held: after it, not yet scanned. unscanned: runs although not scanned; in
// a start without a common instant: has arrived.
enum class Status : std::uint8_t { running, stopped, held, unscanned };

// A reference is 0 for null or 1 + the object.
struct Mutator {
  std::array<std::uint8_t, 2> registers{};
  At at = At::idle;
  std::uint8_t place = 0;  // of the store: a slot, or kMaxSlots + the object whose field it is
  std::uint8_t value = 0;  // of the store: a register, or 2 for null
  std::uint8_t old = 0;
  std::uint8_t log = 0;  // a bit per object
  Status status = Status::running;
};

struct State {
  std::array<std::uint8_t, kMaxSlots> slots{};
  std::array<bool, kMaxSlots> slot_scanned{};
  std::array<Colour, kMaxObjects> colours{};
  std::array<std::uint8_t, kMaxObjects> fields{};
  std::uint8_t frame = 0;
  bool frame_scanned = false;
  Phase phase = Phase::idle;
  std::array<Mutator, kMutators> mutators{};

  std::uint64_t pack() const;
  static State unpack(std::uint64_t bits);
  // The same state with objects renamed in the order in which they are met: one of each kind.
  State canonical() const;
  bool reachable(int object) const;
  std::string describe(const Shape& shape) const;
};

enum class Action : std::uint8_t {
  load,
  drop,
  choose_store,
  begin_store,
  test,
  log,
  store,
  exchange,
  exchange_log,
  allocate,
  run,
  take,
  put,
  stop,
  request,
  flip,
  scan_thread,
  scan_slot,
  scan_frame,
  scan_object,
  drain,
  end,
  sweep,
  count,
};

struct Step {
  State after;
  Action action;
  std::uint8_t who = 0;  // mutator, slot or object
  std::uint8_t a = 0, b = 0;
  const char* lost = nullptr;  // the protocol failed here: how

  std::string describe() const;
};

// Every step that somebody can take.
void steps(const Protocol& protocol, const Shape& shape, const State& state,
           std::vector<Step>& result);

}  // namespace model
