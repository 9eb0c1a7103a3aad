// Strings beside std::string, and UTF-8 beside a decoder that tries.
//
// Not here: who makes the programs (strings.cc, test/fuzz/strings.cc).
#pragma once

#include <optional>

#include "test/properties/operations.h"

namespace property {

// Few different bytes, so that they are often found; and some of UTF-8.
inline const std::array<std::string_view, 12> kPieces = {
    "a", "b", "ab", "", " ", "é", "世", "🎉", "\xff", "aaaaaaaaaaaaaaaaaaaaaaaa", "\xe4\xb8", "\n"};

class StringModel {
  using string = gort::string;
  static constexpr std::size_t kStrings = 4;
  static constexpr std::size_t kMostBytes = 20000;

 public:
  void run(const Operation& op) {
    const std::size_t which = op.kind / 16 % kStrings, other = op.kind / 64 % kStrings;
    string& s = strings_[which];
    std::string& m = models_[which];
    const std::string_view piece = kPieces[op.a % kPieces.size()];
    switch (op.kind % 16) {
      case 0: s = piece, m = piece; break;
      case 1:
      case 2: s += piece, m += piece; break;
      case 3:
        if (m.size() + models_[other].size() > kMostBytes) break;
        s = s + strings_[other], m = m + models_[other];
        break;
      case 4: s = piece + s, m = std::string(piece) + m; break;
      case 5: cut(s, m, op); break;
      case 6: strings_[other] = s, models_[other] = m; break;
      case 7: find(s, m, piece); break;
      case 8: split(s, m, piece); break;
      case 9:
        if (m.size() * (op.b % 5) > kMostBytes) break;
        repeat(s, m, op.b % 5);
        break;
      case 10: compare_two(s, m, strings_[other], models_[other]); break;
      case 11: s = string(s.to_bytes()); break;
      case 12: s = string(s.to_chars()), s = string(std::string(s)); break;
      case 13:
        s = s.trim_prefix(piece), m = m.starts_with(piece) ? m.substr(piece.size()) : m;
        break;
      case 14:
        if (op.a % 4 == 0) collect();
        break;
      case 15: hash(s, m, strings_[other], models_[other]); break;
    }
    finish();
  }
  void finish() const {
    for (std::size_t i = 0; i < kStrings; ++i) expect(strings_[i] == models_[i]);
  }

 private:
  static void cut(string& s, std::string& m, const Operation& op) {
    const std::size_t high = op.b % (m.size() + 1), low = op.c % (high + 1);
    s = op.a % 3 == 0 ? s(low) : s(low, high);
    m = op.a % 3 == 0 ? m.substr(low) : m.substr(low, high - low);
    expect(throws<gort::runtime_error>([&] { return s[m.size() + op.a]; }));
    expect(throws<gort::runtime_error>([&] { return s(0, m.size() + 1 + op.a); }));
  }
  static void find(const string& s, const std::string& m, std::string_view piece) {
    expect(s.index(piece) == static_cast<std::ptrdiff_t>(m.find(piece)));
    expect(s.last_index(piece) == static_cast<std::ptrdiff_t>(m.rfind(piece)));
    expect(s.has_prefix(piece) == m.starts_with(piece));
    expect(s.has_suffix(piece) == m.ends_with(piece));
  }
  static void split(const string& s, const std::string& m, std::string_view piece) {
    const gort::slice<string> parts = s.split(piece);
    expect(gort::join(parts, piece) == m);
    for (const string& part : parts) {
      const bool sound = piece.empty() ? part.rune_count() == 1 : !part.contains(piece);
      expect(sound);
    }
  }
  static void repeat(string& s, std::string& m, unsigned count) {
    s = s.repeat(static_cast<std::ptrdiff_t>(count));
    std::string times;
    for (unsigned i = 0; i < count; ++i) times += m;
    m = times;
  }
  static void compare_two(const string& a, const std::string& ma, const string& b,
                          const std::string& mb) {
    expect((a == b) == (ma == mb));
    expect((a <=> b) == (ma <=> mb));
    expect((a <=> mb) == (ma <=> mb));
  }
  static void hash(const string& a, const std::string& ma, const string& b, const std::string& mb) {
    constexpr std::uint64_t kSeed = 0x243f6a8885a308d3;
    const gort::map_hash<string> hash;
    expect(hash(a, kSeed) == hash(ma, kSeed));
    expect((hash(a, kSeed) == hash(b, kSeed)) == (ma == mb));  // but once in 2^64
    expect(std::hash<string>()(a) == std::hash<std::string_view>()(ma));
  }

  std::array<string, kStrings> strings_;
  std::array<std::string, kStrings> models_;
};

// The first character by trying: that whose encoding the text begins with.
inline std::optional<char32_t> encoded_at(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  char32_t rune = 0;
  for (std::size_t bytes = 1; bytes <= 4 && bytes <= text.size(); ++bytes) {
    if (bytes == 1) {
      rune = byte(0) < 0x80 ? byte(0) : byte(0) & 0x3f;
    } else {
      rune = rune << 6 | (byte(bytes - 1) & 0x3f);
    }
    for (const char32_t mask : {0x7fu, 0x7ffu, 0xffffu, 0x1fffffu}) {
      if (gort::string::from_rune(rune & mask) == text.substr(0, bytes)) return rune & mask;
    }
  }
  return std::nullopt;
}

// The characters of any bytes.
inline void decodes(const std::string& text) {
  const gort::string s = text;
  std::size_t at = 0, count = 0;
  for (const auto [index, rune] : s.runes()) {
    expect(index == at);
    const std::optional<char32_t> expected = encoded_at(std::string_view(text).substr(at));
    expect(rune == expected.value_or(0xfffd));
    at += expected ? gort::string::from_rune(rune).size() : 1;
    ++count;
  }
  expect(at == text.size());
  expect(static_cast<std::size_t>(s.rune_count()) == count);
  // Encoding what was decoded gives the same text if it was sound.
  const gort::string again(s.to_runes());
  expect(gort::string(again.to_runes()) == again);
}

}  // namespace property
