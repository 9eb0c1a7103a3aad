// string: bytes that never change, in collected memory. Go's string.
//
//     string s = "héllo"_s;      s += ", world";      for (auto [i, rune] : s.runes()) ...
//
// A string is two words: where its bytes are, and how many. Copying copies these, and so does
// slicing: what is cut out shares the bytes, and keeps all of them in memory. They are bytes, by
// convention UTF-8, with zeros allowed among them and none behind them.
//
// Literals with _s (using namespace gort::literals) are not copied; from char arrays, std::string
// and std::string_view a string copies what it gets. Comparing, searching and looking up in a map
// take a string_view and copy nothing. A string converts to std::string_view, which keeps the bytes
// alive from a stack only, as a plain pointer does.
//
// Indices are checked as a slice's, with Go's texts. No member changes a string, but assignment;
// one string variable is not assigned while another goroutine uses it.
// [TX1] The address lies among the bytes, and is null for the empty string: one past the end may be
//       the next object.
// Not here: UTF-8 (detail/string_core.hpp), arrays of bytes that change (slice.hpp).
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <ostream>
#include <string_view>
#include <type_traits>

#include "gort/detail/string_core.hpp"
#include "gort/slice.hpp"

namespace gort {

class string;

namespace detail {
template <class S>
concept text_like = std::convertible_to<const S&, std::string_view> &&
                    !std::same_as<std::remove_cvref_t<S>, string> &&
                    !std::same_as<std::remove_cvref_t<S>, std::nullptr_t>;
}

class string {
 public:
  using value_type = char;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using const_iterator = const char*;
  using iterator = const char*;

  string() noexcept = default;
  // Copies.
  template <detail::text_like S>
  string(const S& text) : string(copied(text)) {}
  // The bytes are permanent and never change, as a literal's.
  static string permanent(std::string_view text) noexcept {
    return string(text.data(), text.size());
  }
  // Go's string(bytes): copies.
  explicit string(const slice<char>& bytes)
      : string(copied(std::string_view(bytes.data(), bytes.size()))) {}
  explicit string(const slice<std::byte>& bytes)
      : string(copied({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) {}
  explicit string(const slice<unsigned char>& bytes)
      : string(copied({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) {}
  // Go's string(runes): encodes.
  explicit string(const slice<char32_t>& runes);
  static string from_rune(char32_t rune);
  // Moving copies. What is declared here never throws; see detail::reference.
  string(const string& other) noexcept = default;
  string& operator=(const string& other) = default;
  string& operator=(string&& other) noexcept = default;
  ~string() = default;

  char operator[](std::size_t i) const {
    if (i >= length_) [[unlikely]]
      detail::throw_bounds(detail::bounds::index, i, length_);
    return data()[i];
  }
  // s[low:]
  string operator()(std::size_t low) const {
    if (low > length_) [[unlikely]]
      detail::throw_bounds(detail::bounds::slice_order, low, length_);
    return part(low, length_);
  }
  // s[low:high]
  string operator()(std::size_t low, std::size_t high) const {
    if (high > length_) [[unlikely]]
      detail::throw_bounds(detail::bounds::slice_length, high, length_);
    if (low > high) [[unlikely]]
      detail::throw_bounds(detail::bounds::slice_order, low, high);
    return part(low, high);
  }

  std::ptrdiff_t len() const noexcept { return static_cast<std::ptrdiff_t>(length_); }
  std::size_t size() const noexcept { return length_; }
  bool empty() const noexcept { return length_ == 0; }
  const char* data() const noexcept { return static_cast<const char*>(bytes_.get()); }
  const char* begin() const noexcept { return data(); }
  const char* end() const noexcept { return data() + length_; }
  operator std::string_view() const noexcept { return {data(), length_}; }

  // Go's range over a string: {index, rune} pairs. The string, or a copy of it, must live
  // meanwhile.
  detail::rune_range runes() const noexcept { return {data(), length_}; }
  // unicode/utf8.RuneCountInString.
  std::ptrdiff_t rune_count() const noexcept {
    return static_cast<std::ptrdiff_t>(detail::count_runes(*this));
  }
  // Go's []byte(s) and []rune(s): copies.
  slice<std::byte> to_bytes() const;
  slice<char> to_chars() const;
  slice<char32_t> to_runes() const;

  // Package strings. Where the first or the last `text` begins; -1: nowhere.
  std::ptrdiff_t index(std::string_view text) const noexcept {
    return static_cast<std::ptrdiff_t>(view().find(text));
  }
  std::ptrdiff_t last_index(std::string_view text) const noexcept {
    return static_cast<std::ptrdiff_t>(view().rfind(text));
  }
  bool contains(std::string_view text) const noexcept { return index(text) >= 0; }
  bool has_prefix(std::string_view text) const noexcept { return view().starts_with(text); }
  bool has_suffix(std::string_view text) const noexcept { return view().ends_with(text); }
  string trim_prefix(std::string_view text) const noexcept {
    return has_prefix(text) ? part(text.size(), length_) : *this;
  }
  string trim_suffix(std::string_view text) const noexcept {
    return has_suffix(text) ? part(0, length_ - text.size()) : *this;
  }
  string trim_space() const noexcept {
    const std::string_view rest = detail::without_space(view());
    return rest.empty() ? string() : string(rest.data(), rest.size());
  }
  // What stands between the `separator`s; between the characters if it is empty.
  slice<string> split(std::string_view separator) const;
  // `count` times. Throws runtime_error if that is negative or too long.
  string repeat(std::ptrdiff_t count) const;

  string& operator+=(const string& text) { return *this = *this + text; }
  template <detail::text_like S>
  string& operator+=(const S& text) {
    return *this = concatenate(*this, std::string_view(text));
  }
  template <std::same_as<char> C>
  string& operator+=(C c) {
    return *this = *this + c;
  }
  // An empty string is the other one; else a copy of both.
  friend string operator+(const string& a, const string& b) {
    if (b.length_ == 0) return a;
    if (a.length_ == 0) return b;
    return concatenate(a, b);
  }
  template <detail::text_like S>
  friend string operator+(const string& a, const S& b) {
    return concatenate(a, std::string_view(b));
  }
  template <detail::text_like S>
  friend string operator+(const S& a, const string& b) {
    return concatenate(std::string_view(a), b);
  }
  // One byte. Of exactly char, since numbers are no characters.
  template <std::same_as<char> C>
  friend string operator+(const string& a, C c) {
    return concatenate(a, {&c, 1});
  }
  template <std::same_as<char> C>
  friend string operator+(C c, const string& b) {
    return concatenate({&c, 1}, b);
  }

  [[gnu::always_inline]] friend bool operator==(const string& a, const string& b) noexcept {
    return is_same(a, b);
  }
  friend std::strong_ordering operator<=>(const string& a, const string& b) noexcept {
    return a.view() <=> b.view();
  }
  template <detail::text_like S>
  [[gnu::always_inline]] friend bool operator==(const string& a, const S& b) noexcept {
    return is_same(a, std::string_view(b));
  }
  template <detail::text_like S>
  friend std::strong_ordering operator<=>(const string& a, const S& b) noexcept {
    return a.view() <=> std::string_view(b);
  }
  friend std::ostream& operator<<(std::ostream& out, const string& s) { return out << s.view(); }

 private:
  constexpr explicit string(detail::literal_tag tag) noexcept : bytes_(tag) {}
  string(const char* bytes, std::size_t length) noexcept
      : bytes_(length != 0 ? detail::erase_type(bytes) : nullptr), length_(length) {}
  static string copied(std::string_view text) {
    return string(detail::copy_text(text), text.size());
  }
  static string concatenate(std::string_view a, std::string_view b);
  std::string_view view() const noexcept { return {data(), length_}; }
  [[gnu::always_inline]] static bool is_same(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && detail::same_bytes(a.data(), b.data(), a.size());
  }
  string part(std::size_t low, std::size_t high) const noexcept {
    return low == high ? string() : string(data() + low, high - low);  // [TX1]
  }

  detail::reference bytes_;
  std::size_t length_ = 0;

  GORT_NO_DESTRUCTOR(string);
  GORT_LAYOUT(string, bytes_);
};

namespace detail {
template <>
inline constexpr bool handle_is_zero_made<string> = true;
}

// Go's strings.Join.
string join(const slice<string>& parts, std::string_view separator);

inline std::ptrdiff_t len(const string& s) noexcept { return s.len(); }
// Copies as many bytes as both have. Returns how many. Go's copy.
inline std::ptrdiff_t copy(const slice<char>& to, const string& from) {
  const std::size_t count = to.size() < from.size() ? to.size() : from.size();
  detail::assign_elements<char>(to.data(), from.data(), count);
  return static_cast<std::ptrdiff_t>(count);
}
inline std::ptrdiff_t copy(const slice<std::byte>& to, const string& from) {
  return copy(slice<char>::over(reinterpret_cast<char*>(to.data()), to.size()), from);
}
inline std::ptrdiff_t copy(const slice<unsigned char>& to, const string& from) {
  return copy(slice<char>::over(reinterpret_cast<char*>(to.data()), to.size()), from);
}

inline namespace literals {
// A string of the literal's own bytes, all of them.
inline string operator""_s(const char* text, std::size_t length) noexcept {
  return string::permanent({text, length});
}
}  // namespace literals

}  // namespace gort

// What algorithms compare by: each converts to the other, so they must be told.
template <>
struct std::common_type<gort::string, std::string_view> {
  using type = std::string_view;
};
template <>
struct std::common_type<std::string_view, gort::string> {
  using type = std::string_view;
};

// Equal to that of a std::string_view with the same bytes.
template <>
struct std::hash<gort::string> {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const noexcept {
    return std::hash<std::string_view>()(s);
  }
};
