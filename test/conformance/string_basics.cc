// Strings: bytes that are shared and never change; Go's operations on them.
//
// Not here: characters of several bytes (string_runes.cc), random operations against std::string
// (test/properties/strings.cc).

#include "gc_support.h"

#include <algorithm>
#include <compare>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>

using namespace conformance;
using gort::make;
using gort::slice;
using gort::string;
using namespace gort::literals;
using namespace std::string_view_literals;

namespace {

template <class F>
std::string error_of(F&& f) {
  return thrown_by<gort::runtime_error>(std::forward<F>(f));
}
std::size_t length_of(std::string_view text) { return text.size(); }

static_assert(std::is_convertible_v<string, std::string_view>);
static_assert(std::is_convertible_v<const char*, string>);
static_assert(std::is_convertible_v<std::string, string>);
static_assert(!std::is_convertible_v<std::nullptr_t, string>);
static_assert(std::three_way_comparable_with<string, string, std::strong_ordering>);
static_assert(sizeof(string) == 2 * sizeof(void*));
static_assert(!gort::detail::needs_destructor<string>);

}  // namespace

TEST_CASE("a string is made of any text, and is text") {
  const string empty;
  CHECK(empty.len() == 0);
  CHECK(empty.empty());
  CHECK(empty == "");
  CHECK(string("").data() == nullptr);
  std::string text = "text";
  const string copy = text;
  text[0] = 'n';
  CHECK(copy == "text");
  CHECK(string("view"sv).len() == 4);
  CHECK("zero\0inside"_s.len() == 11);
  CHECK(length_of(copy) == 4);
  CHECK(std::string(copy) == "text");
  std::ostringstream out;
  out << copy << '!';
  CHECK(out.str() == "text!");
  std::string letters;
  for (char c : copy) letters += c;
  CHECK(letters == "text");
  CHECK(gort::len(copy) == 4);
}

TEST_CASE("cutting a string shares its bytes") {
  const string s = "hello, world";
  CHECK(s(7) == "world");
  CHECK(s(0, 5) == "hello");
  CHECK(s(7).data() == s.data() + 7);
  CHECK(s(12).empty());
  CHECK(s(3, 3).empty());
  CHECK(s[4] == 'o');
  string rest = s;
  rest = rest(1);
  CHECK(s.len() == 12);
  CHECK(rest(0, 4) == "ello");
}

TEST_CASE("indices and bounds are checked, with Go's texts") {
  const string s = "abc";
  CHECK(error_of([&] { static_cast<void>(s[3]); }) == "index out of range [3] with length 3");
  CHECK(error_of([&] { s(0, 4); }) == "slice bounds out of range [:4] with length 3");
  CHECK(error_of([&] { s(2, 1); }) == "slice bounds out of range [2:1]");
  CHECK(error_of([&] { s(4); }) == "slice bounds out of range [4:3]");
  CHECK(error_of([&] { s(static_cast<std::size_t>(-1)); }) == "slice bounds out of range [-1:]");
  CHECK(error_of([&] { static_cast<void>(s.repeat(-1)); }) == "strings: negative Repeat count");
  CHECK(error_of([&] { static_cast<void>(s.repeat(std::ptrdiff_t{1} << 60)); }) ==
        "strings: Repeat output length overflow");
}

TEST_CASE("strings are joined by +, with each other and with other texts") {
  const string a = "a";
  const std::string b = "b";
  CHECK(a + "x" == "ax");
  CHECK("x" + a == "xa");
  CHECK(a + b == "ab");
  CHECK(b + a == "ba");
  CHECK(a + a + a == "aaa");
  CHECK((a + string()).data() == a.data());
  CHECK((string() + a).data() == a.data());
  string s;
  for (int i = 0; i < 5; ++i) s += "ab";
  s += a;
  CHECK(s ==
        "ababababa"
        "ba");
  CHECK(s.repeat(2).len() == 22);
  CHECK(a.repeat(0).empty());
}

TEST_CASE("strings are ordered by their bytes, and equal to other texts") {
  CHECK("a"_s < "b"_s);
  CHECK("a"_s < "aa"_s);
  CHECK("\xff"_s > "a"_s);
  CHECK(""_s < "a"_s);
  CHECK("a"_s <= "a");
  CHECK("b" > "a"_s);
  CHECK("x"_s == std::string("x"));
  CHECK("x"_s != "y"sv);
  // Of every length, and different in every place.
  int wrong = 0;
  for (std::size_t length = 0; length < 100; ++length) {
    const std::string text(length, 'x');
    const string whole = text;
    wrong += whole != text;
    for (std::size_t at = 0; at < length; ++at) {
      std::string other = text;
      other[at] = static_cast<char>('x' ^ 1 << at % 7);
      wrong += whole == other || whole == string(other);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("strings are keys of std containers, hashed like std::string_view") {
  std::unordered_set<string, std::hash<string>, std::equal_to<>> set = {"a", "b"};
  CHECK(set.contains("a"sv));
  CHECK(set.count("b") == 1);
  CHECK(std::hash<string>()("abc"_s) == std::hash<std::string_view>()("abc"));
  std::map<string, int, std::less<>> ordered = {{"b", 2}, {"a", 1}};
  CHECK(ordered.begin()->first == "a");
  CHECK(ordered.find("b"sv)->second == 2);
}

TEST_CASE("strings are searched and trimmed as by package strings") {
  const string s = "  go, gopher\n";
  CHECK(s.index("go") == 2);
  CHECK(s.last_index("go") == 6);
  CHECK(s.index("java") == -1);
  CHECK(s.contains("pher"));
  CHECK(s.trim_space() == "go, gopher");
  CHECK(s.trim_space().data() == s.data() + 2);
  CHECK("   "_s.trim_space().empty());
  CHECK(s.has_prefix("  go"));
  CHECK(s.has_suffix("her\n"));
  CHECK("prefix"_s.trim_prefix("pre") == "fix");
  CHECK("prefix"_s.trim_prefix("x") == "prefix");
  CHECK("suffix"_s.trim_suffix("fix") == "suf");
  CHECK("x"_s.trim_suffix("x").empty());
}

TEST_CASE("split and join are each other's inverse") {
  const slice<string> parts = "a,b,,c"_s.split(",");
  CHECK(std::ranges::equal(parts, std::array{"a", "b", "", "c"}));
  CHECK(gort::join(parts, ",") == "a,b,,c");
  CHECK(gort::join(parts, "") == "abc");
  CHECK(gort::join({}, ",").empty());
  CHECK(std::ranges::equal("abc"_s.split(""), std::array{"a", "b", "c"}));
  CHECK("abc"_s.split("x").len() == 1);
  CHECK(""_s.split(",").len() == 1);
  CHECK(""_s.split("").len() == 0);
  CHECK("aXXbXXc"_s.split("XX").len() == 3);
}

TEST_CASE("strings become slices of bytes and back, by copying") {
  const string s = "bytes";
  const slice<std::byte> bytes = s.to_bytes();
  bytes[0] = std::byte{'B'};
  CHECK(s == "bytes");
  CHECK(string(bytes) == "Bytes");
  const slice<char> chars = s.to_chars();
  chars[4] = 'S';
  CHECK(string(chars) == "byteS");
  CHECK(gort::copy(chars(1), "xyz"_s) == 3);
  CHECK(string(chars) == "bxyzS");
  CHECK(gort::copy(bytes, "longer than that"_s) == 5);
  CHECK(string(bytes) == "longe");
  CHECK(string(slice<char>()).empty());
}

TEST_CASE("a part of a string keeps its bytes, wherever it lives") {
  static string global;
  std::vector<string> in_vector;
  elsewhere([&] {
    for (int i = 0; i < 100; ++i) {
      const string text = std::string(100, static_cast<char>('a' + i % 26));
      in_vector.push_back(text(static_cast<std::size_t>(i), 100));
    }
    global = (string("a global") + " text")(2);
  });
  gort::gc();
  churn_heap(2000);
  int wrong = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string expected(static_cast<std::size_t>(100 - i), static_cast<char>('a' + i % 26));
    wrong += in_vector[static_cast<std::size_t>(i)] != expected;
  }
  CHECK(wrong == 0);
  CHECK(global == "global text");
  global = string();
}

namespace {
template <class T>
concept can_add = requires(string s, T t) {
  s + t;
}
|| requires(string s, T t) { t + s; }
|| requires(string s, T t) { s += t; };
}  // namespace

TEST_CASE("characters are added to a string, numbers are not") {
  string s = "ab";
  s += 'c';
  CHECK(s + 'd' == "abcd");
  CHECK('<' + s == "<abc");
  CHECK(string() + '\0' == "\0"sv);
  static_assert(can_add<char> && !can_add<int> && !can_add<char32_t> && !can_add<bool>);
}

TEST_CASE("bytes may be of unsigned char") {
  const slice<unsigned char> bytes{'a', 'b', 'c'};
  CHECK(string(bytes) == "abc");
  CHECK(gort::copy(bytes, "xy"_s) == 2);
  CHECK(string(bytes) == "xyc");
}

TEST_CASE("algorithms compare strings with texts") {
  const slice<string> words{"one", "two", "three"};
  CHECK(std::ranges::find(words, "two"sv) == words.begin() + 1);
  CHECK(std::ranges::find(words, "three") == words.begin() + 2);
  CHECK(std::ranges::find(words, "two"_s) == words.begin() + 1);
  static_assert(std::equality_comparable_with<string, std::string_view>);
  static_assert(std::is_same_v<std::common_type_t<string, std::string_view>, std::string_view>);
}

TEST_CASE("a panic with a string says what is in it") {
  CHECK(thrown_by<gort::panic_error>([] { gort::panic("boom"_s); }) == "boom");
  CHECK(thrown_by<gort::panic_error>([] { gort::panic("boom"sv.substr(0, 3)); }) == "boo");
}
