// Where each word occurs, on the collected heap: a map from words to entries, and in each entry the
// files and the lines.
//
//   map<string, ptr<entry>> --> entry --slice--> place --ptr--> source_file
//                                                   `--slice--> line numbers
//
// Every tokenizer fills an index of its own and hands it over when it has grown to a certain size
// (pipeline.cc). merge() takes it into the index of the whole run by taking its entries: they are
// not copied, the two share them, and what nobody needs any more is the collector's. A file is
// tokenized by one goroutine, so its lines come in order, and its places are never in two indexes.
//
// One goroutine at a time. An index is handles only: it may lie on a stack, in a channel, anywhere.
// Not here: the same with the standard library's containers -> plain_index.h; what a word is ->
// tokenizer.h.
#pragma once

#include <gort/gort.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "answer.h"
#include "tokenizer.h"

namespace textindex {

class heap_index final : public word_sink {
 public:
  // The words that follow are of this file.
  void begin_file(std::string_view path) {
    file_ = gort::new_<source_file>();
    file_->path = gort::string(path);
  }

  void add(std::string_view word, std::uint32_t line) override {
    entry* const e = entry_of(word);
    ++e->count;
    const auto places = e->places.len();
    if (places == 0 || e->places[places - 1].file != file_) {
      e->places = gort::append(e->places, place{file_, {}});
    }
    gort::slice<std::uint32_t>& lines = e->places[e->places.len() - 1].lines;
    if (lines.len() == 0 || lines[lines.len() - 1] != line) lines = gort::append(lines, line);
  }

  // The number of different words.
  std::size_t size() const { return static_cast<std::size_t>(entries_.len()); }

  // Takes all that `other` has.
  void merge(const heap_index& other) {
    for (auto&& [word, theirs] : other.entries_) {
      gort::ptr<entry>* const ours = entries_.find(word);
      if (ours == nullptr) {
        entries_.insert_or_assign(word, theirs);
        continue;
      }
      (*ours)->count += theirs->count;
      for (const place& p : theirs->places) (*ours)->places = gort::append((*ours)->places, p);
    }
  }

  // Calls f(word, count) for every word, in no particular order.
  template <class F>
  void for_each(F f) const {
    for (auto&& [word, e] : entries_) f(std::string_view(word), e->count);
  }

  // In no particular order.
  std::vector<found_lines> find(std::string_view word) const {
    std::vector<found_lines> found;
    const gort::ptr<entry>* const e = entries_.find(gort::string(word));
    if (e == nullptr) return found;
    for (const place& p : (*e)->places) {
      found.push_back({std::string(std::string_view(p.file->path)), {}});
      for (const std::uint32_t line : p.lines) found.back().lines.push_back(line);
    }
    return found;
  }

 private:
  struct source_file {
    gort::string path;
  };
  struct place {
    gort::ptr<source_file> file;
    gort::slice<std::uint32_t> lines;  // each once, rising
  };
  struct entry {
    std::uint64_t count = 0;
    gort::slice<place> places;
  };

  entry* entry_of(std::string_view word) {
    if (gort::ptr<entry>* const known = entries_.find(word)) return *known;
    entry* const made = gort::new_<entry>();
    entries_.insert_or_assign(gort::string(word), made);
    return made;
  }

  gort::map<gort::string, gort::ptr<entry>> entries_ =
      gort::make<gort::map<gort::string, gort::ptr<entry>>>();
  gort::ptr<source_file> file_;
};

}  // namespace textindex
