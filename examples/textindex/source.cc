// Directories through std::filesystem, files through the system calls: open, read and close are all
// that is needed, and their errors come with the name that the user knows from everywhere else.
#include "source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace textindex {
namespace {

constexpr std::size_t kBatchNames = 256;
constexpr std::size_t kBinaryProbeBytes = 8000;  // where git, too, looks for a NUL byte

}  // namespace

bool directory_reader::next(batch& out) {
  out.files.clear();
  out.directories.clear();
  if (error_) return false;
  if (!opened_) {
    opened_ = true;
    position_ = std::filesystem::directory_iterator(path_, error_);
  }
  const std::filesystem::directory_iterator end;
  std::size_t names = 0;
  while (!error_ && position_ != end && names < kBatchNames) {
    const std::filesystem::directory_entry& entry = *position_;
    std::error_code gone;  // an entry that vanished under our feet is not there, and that is all
    if (!entry.is_symlink(gone)) {
      if (entry.is_directory(gone)) {
        out.directories.push_back(entry.path().string());
        ++names;
      } else if (entry.is_regular_file(gone) && wanted(entry.path().filename().native())) {
        out.files.push_back(entry.path().string());
        ++names;
      }
    }
    position_.increment(error_);
  }
  return names > 0;
}

bool directory_reader::wanted(std::string_view name) const {
  const std::size_t dot = name.rfind('.');
  const bool none = dot == std::string_view::npos || dot == 0;  // .profile has no extension
  const std::string_view extension = none ? std::string_view() : name.substr(dot + 1);
  return std::find(extensions_.begin(), extensions_.end(), extension) != extensions_.end();
}

file_reader::outcome file_reader::next(block& out) {
  if (error_) return outcome::failed;
  if (at_end_) return outcome::end;
  const bool first = !opened_;
  if (first) {
    opened_ = true;
    // Neither through a link nor waiting for a writer, should a pipe be in the file's place now.
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd_ < 0) return fail();
  }
  if (!out.bytes) out.bytes = std::make_unique_for_overwrite<char[]>(block::kCapacity);
  out.size = 0;
  while (out.size < block::kCapacity) {
    const ssize_t n = ::read(fd_, out.bytes.get() + out.size, block::kCapacity - out.size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail();
    if (n == 0) {
      at_end_ = true;
      close();
      break;
    }
    out.size += static_cast<std::size_t>(n);
  }
  if (first) {
    if (std::memchr(out.bytes.get(), 0, std::min(out.size, kBinaryProbeBytes)) != nullptr) {
      at_end_ = true;
      close();
      return outcome::binary;
    }
    return outcome::block;
  }
  return out.size > 0 ? outcome::block : outcome::end;
}

file_reader::outcome file_reader::fail() {
  error_ = std::error_code(errno, std::generic_category());
  close();
  return outcome::failed;
}

void file_reader::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace textindex
