// The concurrent mode: four stages of goroutines joined by channels.
//
//   walk --paths--> read --files--> tokenize --indexes--> merge
//
// Every channel is bounded, so a stage that is ahead waits and memory stays bounded, however large
// the tree. A file travels as its name and a channel: its reader offers that to the tokenizers and
// then sends the blocks through it, in order, two ahead of whoever took it. So one file is
// tokenized by one goroutine, as the tokenizer needs, and a huge one holds up nobody else.
//
// The index is on the collected heap (heap_index.h): tokenizers fill small ones, which the last
// stage takes into one by sharing what is in them. Nobody frees anything.
//
// A walker that finds a subdirectory gives it to a new goroutine if fewer than `workers` are
// walking, and otherwise keeps it for itself: nobody ever waits for a walker, so the stage that
// feeds itself cannot lock itself up.
//
// The end runs down the same way: when the last goroutine of a stage is done, the stage's channel
// is closed, and the range-for loops of the next one end. Ctrl-C cancels a context that only
// walkers and readers look at; what they have sent is still counted, which is a few blocks.
//
// Whatever may wait for the disk is called inside gort::blocking, which leaves the processor to
// other goroutines meanwhile. Not here: the same without goroutines -> serial.cc.
#include <gort/gort.hpp>

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "console.h"
#include "heap_index.h"
#include "interrupt.h"
#include "modes.h"
#include "source.h"
#include "tokenizer.h"

namespace textindex {
namespace {

using blocks = gort::chan<block>;

struct opened_file {
  std::string path;
  blocks content;
};

constexpr int kPathsAhead = 256;
constexpr int kBlocksAhead = 2;
// A tokenizer passes its index on when it has this many different words: enough that most
// occurrences meet a word that is there already, few enough to stay in the cache.
constexpr std::size_t kIndexWords = 16 * 1024;

class pipeline {
 public:
  pipeline(const options& wanted, totals& sums, gort::context ctx)
      : wanted_(wanted), sums_(sums), ctx_(std::move(ctx)) {}

  heap_index run() {
    progress_line progress(sums_);
    if (progress.wanted()) start(watchers_, [&] { watch(progress); });

    start(walkers_, [this] {
      walking_.acquire();
      for (const std::string& directory : wanted_.directories) walk(directory);
      walking_.release();
    });
    for (int i = 0; i < workers_; ++i) {
      start(readers_, [this] {
        for (std::string path : paths_) read(std::move(path));
      });
      start(tokenizers_, [this] { tokenize(); });
    }
    close_after(walkers_, paths_);
    close_after(readers_, files_);
    close_after(tokenizers_, indexes_);

    heap_index whole;
    for (const heap_index& part : indexes_) whole.merge(part);
    finished_.close();
    watchers_.wait();
    return whole;
  }

  int started() const { return started_.load(); }
  int peak() const { return peak_.load(); }

 private:
  // Starts a goroutine that belongs to `stage`. A cancelled context ends it early.
  template <class F>
  void start(gort::wait_group& stage, F f) {
    stage.go([f = std::move(f)]() mutable {
      try {
        f();
      } catch (const gort::context_error&) {
        // What it would have sent is not wanted any more.
      }
    });
    count_goroutine();
  }

  // Closes the channel that `stage` sends to when all of it is done.
  template <class T>
  void close_after(gort::wait_group& stage, gort::chan<T> output) {
    gort::go([&stage, output] {
      stage.wait();
      output.close();
    });
    count_goroutine();
  }

  void count_goroutine() {
    started_.fetch_add(1, std::memory_order_relaxed);
    const int now = static_cast<int>(gort::num_goroutine());
    int peak = peak_.load(std::memory_order_relaxed);
    while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
    }
  }

  // Everything below `root`, except for what other walkers could be found for.
  void walk(std::string root) {
    directory_reader::batch names;
    std::vector<std::string> to_walk;
    to_walk.push_back(std::move(root));
    while (!to_walk.empty() && !ctx_.err()) {
      directory_reader directory(std::move(to_walk.back()), wanted_.extensions);
      to_walk.pop_back();
      while (gort::blocking([&] { return directory.next(names); })) {
        for (std::string& path : names.files) paths_.send(std::move(path), ctx_);
        for (std::string& path : names.directories) {
          if (walking_.try_acquire()) {
            start(walkers_, [this, path = std::move(path)]() mutable {
              gort::defer release([this] { walking_.release(); });
              walk(std::move(path));
            });
          } else {
            to_walk.push_back(std::move(path));
          }
        }
      }
      if (directory.error()) report_failure(directory.path(), directory.error());
    }
  }

  void read(std::string path) {
    file_reader file(std::move(path));
    block first;
    switch (next_block(file, first)) {
      case file_reader::outcome::block: break;
      case file_reader::outcome::end: return;
      case file_reader::outcome::binary: totals::add(sums_.binary, 1); return;
      case file_reader::outcome::failed: report_failure(file.path(), file.error()); return;
    }
    auto content = gort::make<blocks>(kBlocksAhead);
    gort::defer close([&] { content.close(); });  // also when cancelled: its tokenizer waits
    files_.send({file.path(), content}, ctx_);
    content.send(std::move(first), ctx_);
    for (;;) {
      block more;
      if (next_block(file, more) != file_reader::outcome::block) break;
      content.send(std::move(more), ctx_);
    }
    if (file.error()) report_failure(file.path(), file.error());
  }

  static file_reader::outcome next_block(file_reader& file, block& out) {
    if (file.at_end()) return file_reader::outcome::end;
    return gort::blocking([&] { return file.next(out); });
  }

  void tokenize() {
    heap_index index;
    tokenizer words(index);
    for (const opened_file& file : files_) {
      bool counted = false;
      index.begin_file(file.path);
      for (const block& b : file.content) {
        if (!counted) totals::add(sums_.files, 1);
        counted = true;
        totals::add(sums_.bytes, b.size);
        words.feed(b.text());
      }
      words.finish();
      if (index.size() >= kIndexWords) indexes_.send(std::exchange(index, heap_index()));
    }
    indexes_.send(std::move(index));
  }

  // Redraws the progress line until the work is done.
  void watch(progress_line& progress) {
    gort::ticker ticker(progress_line::kInterval);
    while (gort::select(gort::on_recv(ticker.c()), gort::on_recv(finished_)) == 0) {
      progress.draw(static_cast<int>(gort::num_goroutine()));
    }
    progress.erase();
  }

  void report_failure(const std::string& path, std::error_code reason) {
    complain(path, reason);
    totals::add(sums_.failed, 1);
  }

  const options& wanted_;
  totals& sums_;
  const gort::context ctx_;
  const int workers_ = wanted_.workers > 0 ? wanted_.workers : 2 * gort::gomaxprocs();

  const gort::chan<std::string> paths_ = gort::make<gort::chan<std::string>>(kPathsAhead);
  const gort::chan<opened_file> files_ = gort::make<gort::chan<opened_file>>();
  const gort::chan<heap_index> indexes_ = gort::make<gort::chan<heap_index>>();
  const gort::chan<gort::unit> finished_ = gort::make<gort::chan<gort::unit>>();

  gort::semaphore walking_{workers_};
  gort::wait_group walkers_, readers_, tokenizers_, watchers_;
  std::atomic<int> started_{0};
  std::atomic<int> peak_{0};
};

}  // namespace

answer index_concurrently(const options& wanted, totals& sums, run_numbers& numbers) {
  auto [ctx, cancel] = gort::with_cancel(gort::background());
  gort::go([stop = cancel] {
    gort::blocking(interrupt::wait);
    stop();
  });
  pipeline p(wanted, sums, ctx);
  const heap_index index = p.run();
  numbers.goroutines = p.started() + 2;  // the one that waits for Ctrl-C, and ours
  numbers.most_goroutines = p.peak();
  answer found = ask(index, wanted);

  const gort::mem_stats before = gort::read_mem_stats();
  numbers.collections = before.num_gc;
  gort::gc();
  const gort::mem_stats after = gort::read_mem_stats();
  numbers.heap_bytes = after.heap_alloc;
  for (const std::uint64_t pause : after.pause_ns) {
    numbers.longest_pause_ns = std::max<std::uint64_t>(numbers.longest_pause_ns, pause);
  }
  gort::keep_alive(&index);
  return found;
}

}  // namespace textindex
