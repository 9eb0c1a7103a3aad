// What is asked of an index, whichever it is: the most frequent identifiers, and where one of them
// occurs. Both modes must find the same, so nothing here depends on the order of a hash table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "options.h"

namespace textindex {

struct ranked_word {
  std::string word;
  std::uint64_t count;
};

struct found_lines {
  std::string path;
  std::vector<std::uint32_t> lines;
};

struct answer {
  std::vector<ranked_word> top;  // most frequent first, equally frequent ones by name
  std::uint64_t identifiers = 0;
  std::uint64_t different = 0;
  std::vector<found_lines> found;  // of the word that --lines names; by path
};

// A word of an index, whose text the index keeps.
struct counted_word {
  std::string_view word;
  std::uint64_t count;
};

// Leaves keywords out and ranks the others.
answer answer_of(std::vector<counted_word> words, std::vector<found_lines> found,
                 const options& wanted);

template <class Index>
answer ask(const Index& index, const options& wanted) {
  std::vector<counted_word> words;
  index.for_each([&](std::string_view word, std::uint64_t count) {
    words.push_back({word, count});
  });
  std::vector<found_lines> found;
  if (!wanted.lines_of.empty()) found = index.find(wanted.lines_of);
  return answer_of(std::move(words), std::move(found), wanted);
}

}  // namespace textindex
