// Ranking, and the keywords that take no part in it. They are dropped here, once per word, instead
// of in the tokenizer, once per occurrence.
#include "report.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <string_view>
#include <tuple>
#include <utility>

namespace textindex {
namespace {

// Of C23, C++23 and GNU; `defined` is one only after #if, and nobody uses it elsewhere.
// Sorted, for binary search.
constexpr auto kKeywords = std::to_array<std::string_view>({
    "_Alignas",
    "_Alignof",
    "_Atomic",
    "_Bool",
    "_Complex",
    "_Generic",
    "_Noreturn",
    "_Static_assert",
    "_Thread_local",
    "__alignof__",
    "__asm__",
    "__attribute__",
    "__const",
    "__extension__",
    "__inline",
    "__inline__",
    "__restrict",
    "__restrict__",
    "__signed__",
    "__typeof__",
    "__volatile__",
    "alignas",
    "alignof",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "defined",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "nullptr",
    "operator",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
});
static_assert(std::is_sorted(kKeywords.begin(), kKeywords.end()));

bool is_keyword(std::string_view word) {
  return std::binary_search(kKeywords.begin(), kKeywords.end(), word);
}

bool comes_before(const counted_word& a, const counted_word& b) {
  return a.count != b.count ? a.count > b.count : a.word < b.word;
}

}  // namespace

answer answer_of(std::vector<counted_word> words, std::vector<found_lines> found,
                 const options& wanted) {
  answer result;
  std::erase_if(words, [](const counted_word& w) { return is_keyword(w.word); });
  for (const counted_word& w : words) result.identifiers += w.count;
  result.different = words.size();
  const auto size = std::min(words.size(), static_cast<std::size_t>(wanted.top));
  std::partial_sort(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(size), words.end(),
                    comes_before);
  words.resize(size);
  for (const counted_word& w : words) result.top.push_back({std::string(w.word), w.count});
  std::sort(found.begin(), found.end(), [](const found_lines& a, const found_lines& b) {
    return std::tie(a.path, a.lines) < std::tie(b.path, b.lines);
  });
  result.found = std::move(found);
  return result;
}

bool print_answer(const answer& answer, const totals& sums) {
  for (const ranked_word& r : answer.top) {
    std::printf("%10" PRIu64 "  %s\n", r.count, r.word.c_str());
  }
  std::printf("%" PRIu64 " files, %" PRIu64 " bytes\n", sums.files.load(), sums.bytes.load());
  std::printf("%" PRIu64 " identifiers, %" PRIu64 " different\n", answer.identifiers,
              answer.different);
  const std::uint64_t binary = sums.binary.load();
  const std::uint64_t failed = sums.failed.load();
  if (binary > 0) std::printf("left out as binary: %" PRIu64 "\n", binary);
  if (failed > 0) std::printf("could not be read: %" PRIu64 "\n", failed);
  for (const found_lines& file : answer.found) {
    std::printf("%s:", file.path.c_str());
    for (const std::uint32_t line : file.lines) std::printf(" %" PRIu32, line);
    std::putchar('\n');
  }
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

}  // namespace textindex
