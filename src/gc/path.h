// Telling what an object is, and how it is reached: for people.
//
// Runs on the thread that stopped the world, threads perhaps halted: writes to stderr without
// allocating, or collects addresses that are made into text later. Not here: finding the way
// (reach.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gc/reach.h"

namespace gort::collector {

// The way from a root to an object: the reference from which each was found.
struct PathStep {
  std::uintptr_t object = 0;
  std::size_t bytes = 0;
  heap::Kind kind = heap::Kind::scan;
  const char* type = nullptr;  // detail::type_signature, if it is known
  std::uintptr_t place = 0;    // of the reference to it
  std::uintptr_t offset = 0;   // of that in the object before; of the first: nothing
};
struct Path {
  static constexpr std::size_t kMostSteps = 64;  // of each end, if there are more

  bool found = false;
  RootKind kind = RootKind::stack;
  const void* place = nullptr;  // of the root
  std::uint64_t goroutine = 0;  // whose stack or function it is, 0: nobody's
  std::size_t length = 0;       // objects on the way, the one asked for included
  std::size_t count = 0;        // of them in `steps`, from the root on
  PathStep steps[2 * kMostSteps];
};
// Allocates nothing.
void find_path(const sched::WorldStopped* world, const Reach& reach, std::uintptr_t object,
               Path& path);

// To stderr.
void print_object(const char* what, std::uintptr_t object);
void print_path(const Reach& reach, std::uintptr_t object);

// One line for the root and one for each object; allocates.
std::vector<std::string> text_of(const Path& path);

}  // namespace gort::collector
