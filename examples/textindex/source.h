// Where the text comes from: directories in batches of names, files in blocks of bytes.
//
// Both hand out a bounded amount at a time, so that neither a directory of a million files nor a
// file larger than memory has to fit. Every call of next() may block its thread on the disk, for as
// long as a disk or a network likes: a goroutine makes it inside gort::blocking (pipeline.cc).
// Failures are values and no exceptions, since one bad file does not end the run.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace textindex {

// The names in one directory. Symbolic links are left out, and with them every loop.
class directory_reader {
 public:
  struct batch {
    std::vector<std::string> files;  // regular files with one of the wanted extensions
    std::vector<std::string> directories;
  };

  directory_reader(std::string path, const std::vector<std::string>& extensions)
      : path_(std::move(path)), extensions_(extensions) {}

  // Replaces the content of `out`. False when nothing is left, or after a failure.
  bool next(batch& out);

  const std::string& path() const { return path_; }
  std::error_code error() const { return error_; }

 private:
  bool wanted(std::string_view name) const;

  std::string path_;
  const std::vector<std::string>& extensions_;
  std::filesystem::directory_iterator position_;
  bool opened_ = false;
  std::error_code error_;
};

struct block {
  static constexpr std::size_t kCapacity = 64 * 1024;

  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;

  std::string_view text() const { return {bytes.get(), size}; }
};

// The content of one file. An empty file has one empty block.
class file_reader {
 public:
  enum class outcome { block, end, binary, failed };

  explicit file_reader(std::string path) : path_(std::move(path)) {}
  file_reader(const file_reader&) = delete;
  file_reader& operator=(const file_reader&) = delete;
  ~file_reader() { close(); }

  // Fills `out` if the outcome is `block`.
  outcome next(block& out);

  // The last block has been read: next() will say `end` without asking the disk.
  bool at_end() const { return at_end_; }

  const std::string& path() const { return path_; }
  std::error_code error() const { return error_; }

 private:
  outcome fail();
  void close();

  std::string path_;
  int fd_ = -1;
  bool opened_ = false;
  bool at_end_ = false;
  std::error_code error_;
};

}  // namespace textindex
