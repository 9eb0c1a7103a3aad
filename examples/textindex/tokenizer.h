// Finds the identifiers of C and C++ source text that arrives in pieces.
//
// A word counts when a compiler would see an identifier there: not inside comments, string and
// character literals (raw ones too) or numbers, not the name of a preprocessor directive, nothing
// on the line of an #include, #error, #warning, #pragma or #line. It is a lexer and not a compiler,
// so keywords are words like any other here (report.cc leaves them out), and both branches of an
// #if are counted. Text that is no C at all does no harm: a quote without its partner ends with
// its line.
//
// A file may be larger than memory and is fed block by block; a block may end anywhere, also in the
// middle of a word or of `*/`. So everything that must be remembered is in the members, and the
// result does not depend on where the blocks were cut. One goroutine at a time.
//
// States
//   code --letter--> word --other--> code            (a literal's prefix ends in `quoted` or `raw`)
//   code --digit--> number --other--> code
//   code --quote--> quoted --\--> escaped --any--> quoted --quote or newline--> code
//   code --/--> slash --/--> line_comment --newline--> code
//               slash --*--> block_comment --*--> star --/--> code
//   word R" --> raw_delimiter --(--> raw_body --)delimiter"--> code
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace textindex {

// Who is told of each word that counts, and of the line, from 1, on which it begins.
class word_sink {
 public:
  virtual void add(std::string_view word, std::uint32_t line) = 0;

 protected:
  ~word_sink() = default;
};

class tokenizer {
 public:
  // Words longer than this are not identifiers that anybody wrote, and are left out.
  static constexpr std::size_t kLongestWord = 255;

  explicit tokenizer(word_sink& sink) : sink_(sink) {}

  // The next piece of the file.
  void feed(std::string_view text);

  // The file ends here; the tokenizer is ready for the next one.
  void finish();

 private:
  enum class state {
    code,
    word,
    number,
    quoted,
    escaped,
    slash,
    line_comment,
    block_comment,
    star,
    raw_delimiter,
    raw_body,
  };

  // Each takes the text from `p` on, in the state of its name, and returns where it stopped.
  const char* in_code(const char* p, const char* end);
  const char* in_word(const char* p, const char* end);
  const char* in_number(const char* p, const char* end);
  const char* in_quoted(const char* p, const char* end);
  const char* in_line_comment(const char* p, const char* end);
  const char* in_block_comment(const char* p, const char* end);
  const char* in_raw_delimiter(const char* p, const char* end);
  const char* in_raw_body(const char* p, const char* end);

  void end_word(std::string_view word, char next);
  void count_lines(const char* up_to);
  void end_line();

  word_sink& sink_;
  state state_ = state::code;
  std::string part_;          // the beginning of a word that a block's end cut off
  std::string raw_end_;       // `)delimiter"` of the raw string we are in
  std::size_t raw_seen_ = 0;  // how much of raw_end_ has just been read
  char quote_ = 0;            // which quote opened the literal we are in
  bool continued_ = false;    // a backslash has just been read: a newline ends no line
  bool line_start_ = true;    // nothing but blanks so far on this line
  bool directive_ = false;    // the next word names a preprocessor directive
  bool muted_ = false;        // words up to the end of the line do not count

  // Lines are counted when a word asks: most text is no word, and nothing else needs them.
  const char* lines_counted_ = nullptr;  // up to here, in the text that is being fed
  std::uint32_t line_ = 1;               // there
};

}  // namespace textindex
