// The list of protocols, with the shapes in which each is explored.
//
// Broken ones are given the shape in which their fault shows soonest; sound ones are tried in
// several, because no single one small enough has everything at once: two slots, objects with
// fields, two registers, a parked goroutine.
#include "test/model/variants.h"

#include <functional>

namespace model {
namespace {

constexpr Shape kFlat{.objects = 2, .slots = 2};
constexpr Shape kOneSlot{.objects = 2, .slots = 1, .registers = {2, 1}};
constexpr Shape kChain{.objects = 2, .slots = 1, .fields = true};
constexpr Shape kFine{.objects = 2, .slots = 1, .exchange = false, .fine = true};
constexpr Shape kFineBare{.objects = 2, .slots = 1, .frame = false, .fine = true};
constexpr Shape kNoFrame{.objects = 2, .slots = 2, .frame = false, .exchange = false};
constexpr Shape kNoFrameFine{
    .objects = 2, .slots = 2, .frame = false, .exchange = false, .fine = true};

// Bigger by one thing each.
const std::vector<std::vector<Shape>> kSoundShapes = {
    {kFlat, kOneSlot, kChain, kFine},
    {{.objects = 3, .slots = 2},
     {.objects = 3, .slots = 2, .registers = {2, 1}},
     {.objects = 3, .slots = 1, .fields = true},
     {.objects = 2, .slots = 1, .fields = true, .fine = true}},
    {{.objects = 3, .slots = 2, .registers = {2, 2}},
     {.objects = 3, .slots = 2, .fields = true, .registers = {2, 1}, .exchange = false},
     {.objects = 3, .slots = 2, .fine = true}},
};

void add_sound(std::vector<Variant>& list, const Protocol& protocol, int size) {
  for (const Shape& shape : kSoundShapes[size]) list.push_back({protocol, shape, true});
}

// The chosen protocol with one thing changed.
void add_broken(std::vector<Variant>& list, const char* name, const Shape& shape,
                const std::function<void(Protocol&)>& change) {
  Protocol protocol;
  protocol.name = name;
  change(protocol);
  list.push_back({protocol, shape, false});
}

// Against [GS1], and [GS5] for what is overwritten.
void add_broken_barriers(std::vector<Variant>& list) {
  add_broken(list, "no barrier", kNoFrame, [](Protocol& p) { p.barrier = Barrier::none; });
  add_broken(list, "test, log, store: neither restart nor old value in a register", kNoFrame,
             [](Protocol& p) {
               p.barrier = Barrier::test_first;
               p.restart = Restart::none;
               p.races = Races::readers;
             });
  add_broken(list, "the chosen one without restart", kNoFrame, [](Protocol& p) {
    p.restart = Restart::none;
    p.races = Races::readers;
  });
  add_broken(list, "load, test, log, store: old value not in a register, no restart", kNoFrame,
             [](Protocol& p) {
               p.barrier = Barrier::deletion;
               p.restart = Restart::none;
               p.races = Races::readers;
             });
  add_broken(list, "old value in a scanned register, no restart: two racing writers", kNoFrame,
             [](Protocol& p) {
               p.barrier = Barrier::deletion;
               p.scan_in_flight = true;
               p.restart = Restart::none;
             });
  add_broken(list, "restart at the test, with the value loaded before the flip", kNoFrame,
             [](Protocol& p) {
               p.barrier = Barrier::deletion;
               p.restart = Restart::at_test;
             });
  add_broken(list, "store, test, log: no scan of registers at the end", kNoFrame, [](Protocol& p) {
    p.barrier = Barrier::store_first;
    p.races = Races::readers;
  });
  add_broken(list, "only the new value shaded, one snapshot", kNoFrame,
             [](Protocol& p) { p.barrier = Barrier::insertion; });
}

// Against the snapshot of [GS2], [GS4], and [GS5] for what is taken.
void add_broken_stacks(std::vector<Variant>& list) {
  add_broken(list, "only the old value shaded, stacks scanned at different instants", kNoFrame,
             [](Protocol& p) { p.scan_before_going_on = false; });
  add_broken(list, "only the new value shaded, stacks scanned at different instants", kNoFrame,
             [](Protocol& p) {
               p.barrier = Barrier::insertion;
               p.scan_before_going_on = false;
             });
  add_broken(list, "a start without a common instant", kNoFrame,
             [](Protocol& p) { p.one_instant = false; });
  add_broken(list, "registers not scanned", kNoFrame,
             [](Protocol& p) { p.scan_registers = false; });
  add_broken(list, "a goroutine runs before it is scanned", kFlat,
             [](Protocol& p) { p.scan_before_run = false; });
  add_broken(list, "a value taken from a parked goroutine is not shaded", kFlat,
             [](Protocol& p) { p.shade_taken = false; });
}

// Against [GS3], [GS7] twice, [GS6].
void add_broken_cycles(std::vector<Variant>& list) {
  add_broken(list, "objects allocated white while marking", kNoFrame,
             [](Protocol& p) { p.allocate_black = false; });
  add_broken(list, "the end declared while a thread's log is unpublished", kNoFrameFine,
             [](Protocol& p) { p.end_waits_for_logs = false; });
  add_broken(list, "the end declared while an exchange has not logged", kFlat,
             [](Protocol& p) { p.end_waits_for_sections = false; });
  add_broken(list, "the flip before the last sweep is over", kNoFrameFine,
             [](Protocol& p) { p.sweep_first = false; });
}

}  // namespace

std::vector<Variant> variants(int size) {
  std::vector<Variant> list;
  Protocol chosen;
  chosen.name = "chosen: test, store, restarted; log and store in a section; one snapshot";
  add_sound(list, chosen, size);
  if (size != 0) return list;

  Protocol loaded_first = chosen;
  loaded_first.name = "load, test, log, store; restarted";
  loaded_first.barrier = Barrier::deletion;
  Protocol one_writer = loaded_first;
  one_writer.name = "the same without restart, where no two threads write one slot at once";
  one_writer.restart = Restart::none;
  one_writer.scan_in_flight = true;
  one_writer.races = Races::readers;
  add_sound(list, one_writer, size);
  Protocol both;
  both.name = "test, log both, store; restarted; stacks one by one";
  both.barrier = Barrier::both;
  both.scan_before_going_on = false;
  both.scan_before_run = false;
  // They show that the model does not condemn everything: small shapes do.
  for (const Protocol& control : {loaded_first, both}) {
    for (const Shape& shape : {kOneSlot, kFineBare}) list.push_back({control, shape, true});
  }
  add_broken_barriers(list);
  add_broken_stacks(list);
  add_broken_cycles(list);
  return list;
}

}  // namespace model
