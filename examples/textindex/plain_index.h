// Where each word occurs, with the standard library's containers: the index of the single-threaded
// mode, which knows nothing of gort. What it says is compared with what heap_index.h says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "answer.h"
#include "tokenizer.h"

namespace textindex {

class plain_index final : public word_sink {
 public:
  // The words that follow are of this file.
  void begin_file(std::string_view path) { files_.emplace_back(path); }

  void add(std::string_view word, std::uint32_t line) override {
    auto found = entries_.find(word);
    if (found == entries_.end()) found = entries_.emplace(word, entry{}).first;
    entry& e = found->second;
    ++e.count;
    const std::size_t file = files_.size() - 1;
    if (e.places.empty() || e.places.back().file != file) e.places.push_back({file, {}});
    std::vector<std::uint32_t>& lines = e.places.back().lines;
    if (lines.empty() || lines.back() != line) lines.push_back(line);
  }

  // Calls f(word, count) for every word, in no particular order.
  template <class F>
  void for_each(F f) const {
    for (const auto& [word, e] : entries_) f(std::string_view(word), e.count);
  }

  std::vector<found_lines> find(std::string_view word) const {
    std::vector<found_lines> found;
    const auto e = entries_.find(word);
    if (e == entries_.end()) return found;
    for (const place& p : e->second.places) found.push_back({files_[p.file], p.lines});
    return found;
  }

 private:
  struct place {
    std::size_t file;                  // its place in files_
    std::vector<std::uint32_t> lines;  // each once, rising
  };
  struct entry {
    std::uint64_t count = 0;
    std::vector<place> places;
  };
  struct hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::unordered_map<std::string, entry, hash, std::equal_to<>> entries_;
  std::vector<std::string> files_;
};

}  // namespace textindex
