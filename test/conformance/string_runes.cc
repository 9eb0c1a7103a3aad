// Characters of strings: UTF-8 as Go decodes and encodes it, broken text included.
//
// Not here: strings as bytes (string_basics.cc).

#include "support.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

using namespace conformance;
using gort::slice;
using gort::string;
using namespace gort::literals;

namespace {

constexpr char32_t kBad = 0xfffd;

std::u32string decoded(std::string_view text) {
  std::u32string runes;
  const string s = text;
  for (const auto [index, rune] : s.runes()) runes += rune;
  return runes;
}
std::vector<std::size_t> indices(std::string_view text) {
  std::vector<std::size_t> all;
  const string s = text;
  for (const auto [index, rune] : s.runes()) all.push_back(index);
  return all;
}

static_assert(std::forward_iterator<gort::detail::rune_range::iterator>);

}  // namespace

TEST_CASE("a range over a string gives its characters and where they begin") {
  CHECK(decoded("héllo, 世界 🎉") == U"héllo, 世界 🎉");
  CHECK(indices("aé世🎉b") == std::vector<std::size_t>{0, 1, 3, 6, 10});
  CHECK(decoded("").empty());
  CHECK("héllo"_s.rune_count() == 5);
  CHECK("héllo"_s.len() == 6);
}

TEST_CASE("broken text counts as U+FFFD, a byte at a time") {
  struct {
    std::string_view text;
    std::u32string runes;
  } const cases[] = {
      {"\x80", {kBad}},  // goes on, but nothing began
      {"a\xff"
       "b",
       {U'a', kBad, U'b'}},  // never occurs
      {"\xc3", {kBad}},      // cut short
      {"\xe4\xb8", {kBad, kBad}},
      {"\xf0\x9f\x8e", {kBad, kBad, kBad}},
      {"\xc3(", {kBad, U'('}},
      {"\xc0\x80", {kBad, kBad}},  // too long for its value
      {"\xe0\x80\x80", {kBad, kBad, kBad}},
      {"\xf0\x80\x80\x80", {kBad, kBad, kBad, kBad}},
      {"\xed\xa0\x80", {kBad, kBad, kBad}},            // a surrogate
      {"\xf4\x90\x80\x80", {kBad, kBad, kBad, kBad}},  // beyond U+10FFFF
      {"\xf4\x8f\xbf\xbf", {0x10ffff}},
      {"\xed\x9f\xbf\xee\x80\x80", {0xd7ff, 0xe000}},
      {"\xef\xbf\xbd", {kBad}},  // which may be meant
  };
  for (const auto& [text, runes] : cases) {
    CHECK(decoded(text) == runes);
    CHECK(string(text).rune_count() == static_cast<std::ptrdiff_t>(runes.size()));
  }
}

TEST_CASE("every character survives being encoded and decoded") {
  int wrong = 0;
  for (char32_t rune = 0; rune <= 0x10ffff; rune += rune < 0x3000 ? 1 : 37) {
    const bool surrogate = rune >= 0xd800 && rune < 0xe000;
    const string text = string::from_rune(rune);
    const std::u32string back = decoded(text);
    wrong += back.size() != 1 || back[0] != (surrogate ? kBad : rune);
    const std::ptrdiff_t bytes = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    wrong += text.len() != bytes;
  }
  CHECK(wrong == 0);
  CHECK(string::from_rune(0x110000) == "\xef\xbf\xbd");
}

TEST_CASE("strings become slices of characters and back") {
  const string s = "世界!";
  const slice<char32_t> runes = s.to_runes();
  CHECK(runes.len() == 3);
  runes[2] = U'é';
  CHECK(string(runes) == "世界é");
  CHECK(string(slice<char32_t>{0xd800, U'x'}) == "\xef\xbf\xbdx");
  CHECK(string(slice<char32_t>()).empty());
  CHECK(std::ranges::equal("é世x"_s.split(""), std::array{"é", "世", "x"}));
}

TEST_CASE("white space around a text may be Unicode's") {
  CHECK("\t\n\v\f\r x \u0085\u00a0\u2003\u3000"_s.trim_space() == "x");
  CHECK("\u200bx"_s.trim_space() == "\u200bx");
  CHECK("\xff x \xff"_s.trim_space() == "\xff x \xff");
  CHECK("x\xa0"_s.trim_space() == "x\xa0");  // a byte that is no character
}
