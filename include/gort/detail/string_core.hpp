// What is behind string and need not be in it: bytes, UTF-8, and the range over runes.
//
// Runes are decoded as Go does: what is no valid encoding (cut short, too long for its value, a
// surrogate, beyond U+10FFFF) counts as U+FFFD for one byte, and decoding goes on with the next.
//
// Any thread; noexcept but for what allocates. Not here: string itself (string.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

namespace gort {

// A character of a string, and where it begins: what Go's range gives.
struct rune_at {
  std::size_t index;
  char32_t rune;
};

namespace detail {

inline constexpr char32_t kBadRune = 0xfffd;

// Room for `bytes` bytes; null for 0. Throws runtime_error if there is no string so long.
char* allocate_text(std::size_t bytes);
// Copies.
char* copy_text(std::string_view text);

template <class Word>
[[gnu::always_inline]] inline std::uint64_t read_as(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Whether two texts of the same length are the same. Short ones, as keys are, are compared by words
// that overlap at the end, without asking after each.
[[gnu::always_inline]] inline bool same_bytes(const char* a, const char* b, std::size_t bytes) {
  const auto differ = [&]<class Word>(Word, std::size_t at) {
    return read_as<Word>(a + at) ^ read_as<Word>(b + at);
  };
  using word = std::uint64_t;
  if (bytes > 16) {
    if (bytes > 64) return std::memcmp(a, b, bytes) == 0;
    word any = differ(word(), 0) | differ(word(), 8);
    for (std::size_t at = 16; at < bytes - 16; at += 16) {
      any |= differ(word(), at) | differ(word(), at + 8);
    }
    any |= differ(word(), bytes - 16) | differ(word(), bytes - 8);
    return any == 0;
  }
  if (bytes >= 8) return (differ(word(), 0) | differ(word(), bytes - 8)) == 0;
  using half = std::uint32_t;
  if (bytes >= 4) return (differ(half(), 0) | differ(half(), bytes - 4)) == 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

struct decoded_rune {
  char32_t rune;
  std::size_t bytes;
};
// The first character of `bytes` bytes, at least one.
decoded_rune decode_rune(const char* text, std::size_t bytes) noexcept;
// Writes one to four bytes, and returns how many; U+FFFD for what is no character.
std::size_t encode_rune(char32_t rune, char* to) noexcept;
std::size_t count_runes(std::string_view text) noexcept;
// Where the text begins and ends without Unicode's white space around it.
std::string_view without_space(std::string_view text) noexcept;

// A forward range of rune_at over bytes that its user keeps.
class rune_range {
 public:
  class iterator {
   public:
    using value_type = rune_at;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;

    iterator() = default;
    iterator(const char* text, std::size_t at, std::size_t end) noexcept
        : text_(text), at_(at), end_(end) {
      decode();
    }
    rune_at operator*() const noexcept { return {at_, now_.rune}; }
    iterator& operator++() noexcept {
      at_ += now_.bytes;
      decode();
      return *this;
    }
    iterator operator++(int) noexcept {
      iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }

   private:
    void decode() noexcept {
      if (at_ >= end_) return;
      const auto first = static_cast<unsigned char>(text_[at_]);
      now_ = first < 0x80 ? decoded_rune{first, 1} : decode_rune(text_ + at_, end_ - at_);
    }

    const char* text_ = nullptr;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
    decoded_rune now_ = {0, 0};
  };

  rune_range(const char* text, std::size_t bytes) noexcept : text_(text), bytes_(bytes) {}
  iterator begin() const noexcept { return iterator(text_, 0, bytes_); }
  iterator end() const noexcept { return iterator(text_, bytes_, bytes_); }

 private:
  const char* text_;
  std::size_t bytes_;
};

}  // namespace detail
}  // namespace gort
