// Walking a unit's tree, naming its functions, following what was inlined.
//
// Only namespaces, classes and functions become nodes; blocks are looked through. A function may
// stand in the tree several times: declared in its class, defined outside, as the abstract form of
// what was inlined. Names come from the place where it was declared. Runs on the thread that
// prints. Not here: symbols.cc.
#include "runtime/debug_unit.h"

#include <algorithm>
#include <string_view>

#include "runtime/symbols.h"

namespace gort::runtime {
namespace {

constexpr int kDeepest = 200;  // of inlining, and of chains from a definition to its declaration

bool is_block(int tag) {
  return tag == libdw::kLexicalBlock || tag == libdw::kTryBlock || tag == libdw::kCatchBlock;
}
bool is_node(int tag) {
  return tag == libdw::kNamespace || tag == libdw::kClass || tag == libdw::kStruct ||
         tag == libdw::kUnion || tag == libdw::kSubprogram;
}

}  // namespace

DebugUnit::DebugUnit(const libdw::Functions& libdw, libdw::Die* unit) : libdw_(libdw), unit_(unit) {
  add_children(unit, -1);
}

void DebugUnit::add_children(libdw::Die* die, int parent) {
  libdw::Die child;
  if (libdw_.child(die, &child) != 0) return;
  do {
    const int tag = libdw_.tag(&child);
    if (is_node(tag)) {
      nodes_.push_back({child, libdw_.offset(&child), parent, tag});
      add_children(&child, static_cast<int>(nodes_.size()) - 1);
    } else if (is_block(tag)) {
      add_children(&child, parent);
    }
  } while (libdw_.sibling(&child, &child) == 0);
}

std::vector<UnitFrame> DebugUnit::frames_at(std::uint64_t pc) {
  std::vector<UnitFrame> frames;
  for (Node& node : nodes_) {
    if (node.tag != libdw::kSubprogram || libdw_.has_pc(&node.die, pc) <= 0) continue;
    libdw::Files* files = nullptr;
    std::size_t file_count = 0;
    libdw_.files_of(unit_, &files, &file_count);
    frames.push_back({name_of(node.die), {}, 0});
    libdw::Die outer = node.die, inner;
    for (int depth = 0; depth < kDeepest && inlined_child(&outer, pc, inner); ++depth) {
      outer = inner;
      UnitFrame frame{
          name_of(inner), {}, static_cast<unsigned>(number_of(&inner, libdw::kCallLine))};
      const std::uint64_t file = number_of(&inner, libdw::kCallFile);
      if (files != nullptr && file < file_count) {
        const char* name = libdw_.file_name(files, file, nullptr, nullptr);
        if (name != nullptr) frame.call_file = name;
      }
      frames.push_back(std::move(frame));
    }
    break;
  }
  std::reverse(frames.begin(), frames.end());
  return frames;
}

// The function inlined into `die` that has the address, also from within blocks.
bool DebugUnit::inlined_child(libdw::Die* die, std::uint64_t pc, libdw::Die& found) {
  libdw::Die child;
  if (libdw_.child(die, &child) != 0) return false;
  do {
    const int tag = libdw_.tag(&child);
    if (tag == libdw::kInlinedSubroutine && libdw_.has_pc(&child, pc) > 0) {
      found = child;
      return true;
    }
    // A block without addresses of its own may still hold an inlined function that has them.
    if (is_block(tag) && inlined_child(&child, pc, found)) return true;
  } while (libdw_.sibling(&child, &child) == 0);
  return false;
}

std::string DebugUnit::own_name(libdw::Die* die) {
  const char* name = libdw_.name_of(die);
  if (name != nullptr) return name;
  return libdw_.tag(die) == libdw::kNamespace ? "(anonymous namespace)" : "{lambda}";
}

std::string DebugUnit::name_of(libdw::Die die) {
  libdw::Attribute attribute;
  if (libdw_.attribute_of_origin(&die, libdw::kLinkageName, &attribute) != nullptr) {
    if (const char* name = libdw_.string_of(&attribute)) return demangle(name);
  }
  for (int step = 0; step < kDeepest; ++step) {
    libdw::Attribute origin;
    libdw::Die declared;
    if (libdw_.attribute(&die, libdw::kAbstractOrigin, &origin) == nullptr &&
        libdw_.attribute(&die, libdw::kSpecification, &origin) == nullptr) {
      break;
    }
    if (libdw_.die_of(&origin, &declared) == nullptr) break;
    die = declared;
  }
  const std::uint64_t offset = libdw_.offset(&die);
  const auto node =
      std::lower_bound(nodes_.begin(), nodes_.end(), offset,
                       [](const Node& a, std::uint64_t wanted) { return a.offset < wanted; });
  const bool known = node != nodes_.end() && node->offset == offset;
  if (!known) return own_name(&die) + "(...)";
  std::string name = prefix_of(node->parent) + own_name(&die);
  // A lambda's call operator is the lambda.
  static constexpr std::string_view kCall = "{lambda}::operator()";
  if (name.size() >= kCall.size() && name.ends_with(kCall)) name.resize(name.size() - 12);
  return name + "(...)";
}

std::string DebugUnit::prefix_of(int index) {
  if (index < 0) return {};
  Node& node = nodes_[static_cast<std::size_t>(index)];
  if (node.tag == libdw::kSubprogram) {
    std::string name = name_of(node.die);
    if (name.ends_with("(...)")) name.resize(name.size() - 5);
    return name + "::";
  }
  return prefix_of(node.parent) + own_name(&node.die) + "::";
}

std::uint64_t DebugUnit::number_of(libdw::Die* die, unsigned name) {
  libdw::Attribute attribute;
  std::uint64_t number = 0;
  if (libdw_.attribute(die, name, &attribute) == nullptr) return 0;
  return libdw_.number_of(&attribute, &number) == 0 ? number : 0;
}

}  // namespace gort::runtime
