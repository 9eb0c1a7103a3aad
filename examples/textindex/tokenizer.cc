// The states of tokenizer.h, one function each. Every function runs through the characters that
// leave its state alone in a tight loop of its own: comments are about half of a header, and words
// most of the rest.
#include "tokenizer.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace textindex {
namespace {

enum char_class : unsigned char { kOther, kLetter, kDigit, kBlank };

constexpr std::array<char_class, 256> kClasses = [] {
  std::array<char_class, 256> classes{};
  for (int c = 'a'; c <= 'z'; ++c) classes[c] = kLetter;
  for (int c = 'A'; c <= 'Z'; ++c) classes[c] = kLetter;
  for (int c = 0x80; c <= 0xff; ++c) classes[c] = kLetter;  // UTF-8 beyond ASCII
  for (int c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  classes['_'] = kLetter;
  for (char c : {' ', '\t', '\r', '\v', '\f'}) classes[static_cast<unsigned char>(c)] = kBlank;
  return classes;
}();

char_class class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }
bool in_a_word(char c) { return class_of(c) == kLetter || class_of(c) == kDigit; }

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr std::array<std::string_view, 9> kLiteralPrefixes = {"L",  "u",  "U",  "u8", "R",
                                                              "LR", "uR", "UR", "u8R"};
constexpr std::array<std::string_view, 8> kProseDirectives = {
    "include", "include_next", "import", "embed", "error", "warning", "pragma", "line"};

}  // namespace

void tokenizer::feed(std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  lines_counted_ = p;
  while (p != end) {
    switch (state_) {
      case state::code: p = in_code(p, end); break;
      case state::word: p = in_word(p, end); break;
      case state::number: p = in_number(p, end); break;
      case state::quoted: p = in_quoted(p, end); break;
      case state::escaped:
        ++p;
        state_ = state::quoted;
        break;
      case state::slash:
        // Anything else is code again, and is looked at there.
        state_ = *p == '/' ? state::line_comment : *p == '*' ? state::block_comment : state::code;
        if (state_ != state::code) ++p;
        break;
      case state::line_comment: p = in_line_comment(p, end); break;
      case state::block_comment: p = in_block_comment(p, end); break;
      case state::star:
        state_ = *p == '/' ? state::code : *p == '*' ? state::star : state::block_comment;
        ++p;
        break;
      case state::raw_delimiter: p = in_raw_delimiter(p, end); break;
      case state::raw_body: p = in_raw_body(p, end); break;
    }
  }
  count_lines(end);
}

void tokenizer::finish() {
  if (state_ == state::word) end_word(part_, '\n');
  part_.clear();
  state_ = state::code;
  continued_ = false;
  end_line();
  line_ = 1;
}

void tokenizer::count_lines(const char* up_to) {
  line_ += static_cast<std::uint32_t>(std::count(lines_counted_, up_to, '\n'));
  lines_counted_ = up_to;
}

const char* tokenizer::in_code(const char* p, const char* end) {
  for (; p != end; ++p) {
    const char c = *p;
    const char_class k = class_of(c);
    if (k == kBlank) continue;  // leaves continued_ alone: a \r may stand between \ and newline
    if (c == '\n') {
      end_line();
      continue;
    }
    const bool first = line_start_;
    line_start_ = false;
    continued_ = c == '\\';
    if (k == kLetter) {
      state_ = state::word;
      return p;
    }
    if (k == kDigit) {
      state_ = state::number;
      return p;
    }
    if (c == '"' || c == '\'') {
      quote_ = c;
      state_ = state::quoted;
      return p + 1;
    }
    if (c == '/') {
      line_start_ = first;  // a comment does not count as something on its line
      state_ = state::slash;
      return p + 1;
    }
    if (c == '#' && first) directive_ = true;
  }
  return p;
}

const char* tokenizer::in_word(const char* p, const char* end) {
  const char* stop = std::find_if_not(p, end, in_a_word);
  if (part_.empty() && stop != end) {
    count_lines(p);
    end_word({p, static_cast<std::size_t>(stop - p)}, *stop);
    return stop;
  }
  // Cut by a block's end, here or before. One character too many is enough to know it is too long.
  const std::size_t room = kLongestWord + 1 - part_.size();
  part_.append(p, std::min<std::size_t>(room, stop - p));
  count_lines(p);
  if (stop != end) {
    end_word(part_, *stop);
    part_.clear();
  }
  return stop;
}

void tokenizer::end_word(std::string_view word, char next) {
  state_ = state::code;
  if (directive_) {
    directive_ = false;
    muted_ = is_one_of(word, kProseDirectives);
    return;
  }
  if ((next == '"' || next == '\'') && is_one_of(word, kLiteralPrefixes)) {
    if (next == '"' && word.back() == 'R') {
      raw_end_.assign(1, ')');
      raw_seen_ = 0;
      state_ = state::raw_delimiter;
    }
    return;
  }
  if (!muted_ && word.size() <= kLongestWord) sink_.add(word, line_);
}

const char* tokenizer::in_number(const char* p, const char* end) {
  const char* stop =
      std::find_if_not(p, end, [](char c) { return in_a_word(c) || c == '.' || c == '\''; });
  if (stop != end) state_ = state::code;
  return stop;
}

const char* tokenizer::in_quoted(const char* p, const char* end) {
  for (; p != end; ++p) {
    if (*p == quote_) {
      state_ = state::code;
      return p + 1;
    }
    if (*p == '\\') {
      state_ = state::escaped;
      return p + 1;
    }
    if (*p == '\n') {  // a lone apostrophe in prose, most likely
      state_ = state::code;
      return p;
    }
  }
  return p;
}

const char* tokenizer::in_line_comment(const char* p, const char* end) {
  for (; p != end; ++p) {
    if (*p == '\n' && !continued_) {
      state_ = state::code;
      return p;
    }
    if (*p != '\r') continued_ = *p == '\\';
  }
  return p;
}

const char* tokenizer::in_block_comment(const char* p, const char* end) {
  const void* found = std::memchr(p, '*', static_cast<std::size_t>(end - p));
  if (found == nullptr) return end;
  state_ = state::star;
  return static_cast<const char*>(found) + 1;
}

const char* tokenizer::in_raw_delimiter(const char* p, const char* end) {
  constexpr std::size_t kLongestDelimiter = 16;  // the standard's limit
  if (raw_seen_ == 0) {
    raw_seen_ = 1;
    return p + 1;  // the quote itself, which end_word() saw but did not take
  }
  for (; p != end; ++p) {
    if (*p == '(') {
      raw_end_ += '"';
      raw_seen_ = 0;
      state_ = state::raw_body;
      return p + 1;
    }
    if (*p == '\n' || raw_end_.size() > kLongestDelimiter) {  // no raw string after all
      quote_ = '"';
      state_ = state::quoted;
      return p;
    }
    raw_end_ += *p;
  }
  return p;
}

const char* tokenizer::in_raw_body(const char* p, const char* end) {
  for (; p != end; ++p) {
    // A ')' occurs in raw_end_ at its beginning only, so a failed match need not look back.
    if (*p == raw_end_[raw_seen_]) {
      if (++raw_seen_ < raw_end_.size()) continue;
      state_ = state::code;
      return p + 1;
    }
    raw_seen_ = *p == ')' ? 1 : 0;
  }
  return p;
}

void tokenizer::end_line() {
  if (!continued_) {
    line_start_ = true;
    directive_ = false;
    muted_ = false;
  }
  continued_ = false;
}

}  // namespace textindex
