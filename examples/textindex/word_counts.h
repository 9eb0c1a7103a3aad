// How often each word occurs: a hash table from text to a count.
//
// Indexing spends most of its time here, so this is an open-addressing table whose words lie in
// blocks of characters that the table owns: adding a word that is known touches two cache lines and
// allocates nothing. Every tokenizer fills a table of its own and hands it over whole when it has
// grown to a certain size (pipeline.cc); merge() adds it into the table of the whole run. What a
// table prints does not depend on the order in which it was filled, and that is why the concurrent
// and the serial mode agree byte for byte.
//
// One goroutine at a time. Not here: what a word is -> tokenizer.h; which are printed -> report.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace textindex {

class word_counts {
 public:
  struct entry {
    const char* text = nullptr;  // null: a free place
    std::uint32_t length = 0;
    std::uint32_t hash = 0;
    std::uint64_t count = 0;

    std::string_view word() const { return {text, length}; }
  };

  word_counts() = default;
  word_counts(word_counts&& other) noexcept { swap(other); }
  word_counts& operator=(word_counts&& other) noexcept {
    word_counts(std::move(other)).swap(*this);
    return *this;
  }

  // The number of different words.
  std::size_t size() const { return size_; }

  void add(std::string_view word) { add(word, hash_of(word), 1); }

  // Adds all that `other` has counted.
  void merge(const word_counts& other) {
    other.for_each([this](const entry& e) { add(e.word(), e.hash, e.count); });
  }

  // Calls f(entry) for every word, in no particular order.
  template <class F>
  void for_each(F f) const {
    for (const entry& e : places_) {
      if (e.text != nullptr) f(e);
    }
  }

  void swap(word_counts& other) noexcept {
    places_.swap(other.places_);
    blocks_.swap(other.blocks_);
    std::swap(size_, other.size_);
    std::swap(free_text_, other.free_text_);
    std::swap(free_bytes_, other.free_bytes_);
  }

 private:
  static constexpr std::size_t kFirstPlaces = 1024;  // a power of two, as all sizes are
  static constexpr std::size_t kBlockBytes = 64 * 1024;

  static std::uint32_t hash_of(std::string_view word) {
    const std::uint64_t h = std::hash<std::string_view>{}(word);
    return static_cast<std::uint32_t>(h ^ (h >> 32));
  }

  void add(std::string_view word, std::uint32_t hash, std::uint64_t count) {
    if (size_ * 2 >= places_.size()) grow();
    entry& e = find(word, hash);
    if (e.text == nullptr) {
      e.text = keep(word);
      e.length = static_cast<std::uint32_t>(word.size());
      e.hash = hash;
      ++size_;
    }
    e.count += count;
  }

  // The entry of `word`, or the free place where it belongs: one exists, half of them are free.
  entry& find(std::string_view word, std::uint32_t hash) {
    const std::size_t mask = places_.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      entry& e = places_[i];
      if (e.text == nullptr || (e.hash == hash && e.word() == word)) return e;
    }
  }

  void grow() {
    std::vector<entry> old(std::max(kFirstPlaces, places_.size() * 2));
    old.swap(places_);
    for (const entry& e : old) {
      if (e.text != nullptr) find(e.word(), e.hash) = e;
    }
  }

  const char* keep(std::string_view word) {
    if (word.size() > free_bytes_) {
      free_bytes_ = std::max(kBlockBytes, word.size());
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(free_bytes_));
      free_text_ = blocks_.back().get();
    }
    char* text = free_text_;
    std::memcpy(text, word.data(), word.size());
    free_text_ += word.size();
    free_bytes_ -= word.size();
    return text;
  }

  std::vector<entry> places_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t size_ = 0;
  char* free_text_ = nullptr;
  std::size_t free_bytes_ = 0;
};

}  // namespace textindex
