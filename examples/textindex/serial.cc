// The single-threaded mode: what pipeline.cc does, as a nest of loops. It is the yardstick: the
// same answer from code that is too simple to be wrong, and the time to beat.
#include <chrono>
#include <string>
#include <vector>

#include "console.h"
#include "interrupt.h"
#include "modes.h"
#include "plain_index.h"
#include "source.h"
#include "tokenizer.h"

namespace textindex {
namespace {

void index_file(const std::string& path, plain_index& index, tokenizer& words, block& buffer,
                totals& sums) {
  file_reader file(path);
  index.begin_file(path);
  bool counted = false;
  while (!interrupt::poll()) {
    switch (file.next(buffer)) {
      case file_reader::outcome::block:
        if (!counted) totals::add(sums.files, 1);
        counted = true;
        totals::add(sums.bytes, buffer.size);
        words.feed(buffer.text());
        continue;
      case file_reader::outcome::end: break;
      case file_reader::outcome::binary: totals::add(sums.binary, 1); break;
      case file_reader::outcome::failed:
        complain(path, file.error());
        totals::add(sums.failed, 1);
        break;
    }
    break;
  }
  words.finish();
}

}  // namespace

answer index_serially(const options& wanted, totals& sums) {
  using clock = std::chrono::steady_clock;
  plain_index index;
  tokenizer words(index);
  progress_line progress(sums);
  clock::time_point next_draw = clock::now();
  block buffer;
  directory_reader::batch names;
  std::vector<std::string> to_walk = wanted.directories;
  while (!to_walk.empty() && !interrupt::poll()) {
    directory_reader directory(std::move(to_walk.back()), wanted.extensions);
    to_walk.pop_back();
    while (directory.next(names) && !interrupt::poll()) {
      for (const std::string& path : names.files) {
        index_file(path, index, words, buffer, sums);
        if (progress.wanted() && clock::now() >= next_draw) {
          progress.draw(0);
          next_draw = clock::now() + progress_line::kInterval;
        }
      }
      for (std::string& path : names.directories) to_walk.push_back(std::move(path));
    }
    if (directory.error()) {
      complain(directory.path(), directory.error());
      totals::add(sums.failed, 1);
    }
  }
  return ask(index, wanted);
}

}  // namespace textindex
