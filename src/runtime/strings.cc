// What strings call that need not be in a header: joining, splitting, UTF-8.
//
// Runs on whoever calls, any thread; bytes are collected memory without pointers, written before
// the string that holds them is returned.
// Not here: string (gort/string.hpp).
#include "gort/string.hpp"

#include <cstdint>
#include <cstring>

#include "gort/detail/type_info.hpp"
#include "gort/error.hpp"

namespace gort {
namespace detail {
namespace {

constexpr std::size_t kMostText = std::size_t{1} << 48;

bool is_surrogate(char32_t rune) { return rune >= 0xd800 && rune < 0xe000; }

// Unicode's White_Space, as unicode.IsSpace.
bool is_space(char32_t rune) {
  return (rune >= 0x09 && rune <= 0x0d) || rune == 0x20 || rune == 0x85 || rune == 0xa0 ||
         rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 || rune == 0x2029 ||
         rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

// The last character of text that is not empty.
decoded_rune decode_last(std::string_view text) noexcept {
  for (std::size_t bytes = 1; bytes <= 4 && bytes <= text.size(); ++bytes) {
    const char* const at = text.data() + text.size() - bytes;
    if ((static_cast<unsigned char>(*at) & 0xc0) == 0x80) continue;
    const decoded_rune found = decode_rune(at, bytes);
    if (found.bytes == bytes) return found;
    break;
  }
  return {kBadRune, 1};
}

}  // namespace

char* allocate_text(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  if (bytes > kMostText) throw_runtime_error("string concatenation too long");
  return static_cast<char*>(
      allocate_object(bytes, 1, object_kind::noscan, layout_for<char, true>()));
}

char* copy_text(std::string_view text) {
  char* const copy = allocate_text(text.size());
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  return copy;
}

decoded_rune decode_rune(const char* text, std::size_t bytes) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return {first, 1};
  // How many bytes follow, the bits of the first, and the least value that needs so many.
  std::size_t more = 0;
  char32_t rune = 0, least = 0;
  if (first >= 0xc2 && first < 0xe0) {
    more = 1, rune = first & 0x1f, least = 0x80;
  } else if (first >= 0xe0 && first < 0xf0) {
    more = 2, rune = first & 0x0f, least = 0x800;
  } else if (first >= 0xf0 && first < 0xf5) {
    more = 3, rune = first & 0x07, least = 0x10000;
  }
  if (more == 0 || more >= bytes) return {kBadRune, 1};
  for (std::size_t i = 1; i <= more; ++i) {
    if ((at(i) & 0xc0) != 0x80) return {kBadRune, 1};
    rune = rune << 6 | (at(i) & 0x3f);
  }
  if (rune < least || rune > 0x10ffff || is_surrogate(rune)) return {kBadRune, 1};
  return {rune, more + 1};
}

std::size_t encode_rune(char32_t rune, char* to) noexcept {
  const auto put = [&](std::size_t i, char32_t byte) { to[i] = static_cast<char>(byte); };
  if (rune > 0x10ffff || is_surrogate(rune)) rune = kBadRune;
  if (rune < 0x80) {
    put(0, rune);
    return 1;
  }
  if (rune < 0x800) {
    put(0, 0xc0 | rune >> 6), put(1, 0x80 | (rune & 0x3f));
    return 2;
  }
  if (rune < 0x10000) {
    put(0, 0xe0 | rune >> 12), put(1, 0x80 | (rune >> 6 & 0x3f)), put(2, 0x80 | (rune & 0x3f));
    return 3;
  }
  put(0, 0xf0 | rune >> 18), put(1, 0x80 | (rune >> 12 & 0x3f));
  put(2, 0x80 | (rune >> 6 & 0x3f)), put(3, 0x80 | (rune & 0x3f));
  return 4;
}

std::size_t count_runes(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    at += decode_rune(text.data() + at, text.size() - at).bytes;
  }
  return count;
}

std::string_view without_space(std::string_view text) noexcept {
  while (!text.empty()) {
    const decoded_rune first = decode_rune(text.data(), text.size());
    if (!is_space(first.rune)) break;
    text.remove_prefix(first.bytes);
  }
  while (!text.empty()) {
    const decoded_rune last = decode_last(text);
    if (!is_space(last.rune)) break;
    text.remove_suffix(last.bytes);
  }
  return text;
}

}  // namespace detail

string::string(const slice<char32_t>& runes) {
  std::size_t bytes = 0;
  char unit[4];
  for (const char32_t rune : runes) bytes += detail::encode_rune(rune, unit);
  char* const text = detail::allocate_text(bytes);
  char* at = text;
  for (const char32_t rune : runes) at += detail::encode_rune(rune, at);
  *this = string(text, bytes);
}

string string::from_rune(char32_t rune) {
  char unit[4];
  const std::size_t bytes = detail::encode_rune(rune, unit);
  return copied({unit, bytes});
}

string string::concatenate(std::string_view a, std::string_view b) {
  char* const text = detail::allocate_text(a.size() + b.size());
  if (!a.empty()) std::memcpy(text, a.data(), a.size());
  if (!b.empty()) std::memcpy(text + a.size(), b.data(), b.size());
  return string(text, a.size() + b.size());
}

slice<char> string::to_chars() const { return slice<char>(view()); }

slice<std::byte> string::to_bytes() const {
  const auto bytes = make<slice<std::byte>>(length_);
  copy(bytes, *this);
  return bytes;
}

slice<char32_t> string::to_runes() const {
  const auto all = make<slice<char32_t>>(detail::count_runes(*this));
  char32_t* to = all.data();
  for (const rune_at at : runes()) *to++ = at.rune;
  return all;
}

slice<string> string::split(std::string_view separator) const {
  slice<string> parts;
  if (separator.empty()) {
    for (std::size_t at = 0; at < length_;) {
      const std::size_t end = at + detail::decode_rune(data() + at, length_ - at).bytes;
      parts = append(parts, part(at, end));
      at = end;
    }
    return parts;
  }
  std::size_t from = 0;
  for (std::size_t at; (at = view().find(separator, from)) != std::string_view::npos;) {
    parts = append(parts, part(from, at));
    from = at + separator.size();
  }
  return append(parts, part(from, length_));
}

string string::repeat(std::ptrdiff_t count) const {
  if (count < 0) detail::throw_runtime_error("strings: negative Repeat count");
  const auto times = static_cast<std::size_t>(count);
  if (length_ != 0 && times > detail::kMostText / length_) {
    detail::throw_runtime_error("strings: Repeat output length overflow");
  }
  char* const text = detail::allocate_text(length_ * times);
  for (std::size_t i = 0; i < times && length_ != 0; ++i) {
    std::memcpy(text + i * length_, data(), length_);
  }
  return string(text, length_ * times);
}

string join(const slice<string>& parts, std::string_view separator) {
  if (parts.empty()) return {};
  if (parts.size() == 1) return parts[0];
  std::size_t bytes = separator.size() * (parts.size() - 1);
  for (const string& part : parts) bytes += part.size();
  char* const text = detail::allocate_text(bytes);
  char* at = text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0 && !separator.empty()) at = std::copy(separator.begin(), separator.end(), at);
    at = std::copy(parts[i].begin(), parts[i].end(), at);
  }
  return string::permanent({text, bytes});
}

}  // namespace gort
