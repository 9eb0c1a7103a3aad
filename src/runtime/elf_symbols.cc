// Reading .symtab: find the section, then the function whose range has the address.
//
// Everything read is checked against the size of the file, since a program may have been replaced
// on disk while it ran. A position-independent file's symbols count from where it is mapped, any
// other's are addresses.
// Runs on the thread that prints. Not here: symbols.cc.
#include "runtime/elf_symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

namespace gort::runtime {
namespace {

class MappedFile {
 public:
  explicit MappedFile(const char* path) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat about;
    if (::fstat(fd, &about) == 0 && about.st_size > 0) {
      bytes_ = static_cast<std::size_t>(about.st_size);
      void* memory = ::mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, fd, 0);
      data_ = memory == MAP_FAILED ? nullptr : static_cast<const char*>(memory);
    }
    ::close(fd);
  }
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<char*>(data_), bytes_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // `count` records at `offset`; null if the file does not reach so far.
  template <class T>
  const T* at(std::size_t offset, std::size_t count = 1) const {
    if (data_ == nullptr || offset > bytes_) return nullptr;
    if (count > (bytes_ - offset) / sizeof(T)) return nullptr;
    return reinterpret_cast<const T*>(data_ + offset);
  }

 private:
  const char* data_ = nullptr;
  std::size_t bytes_ = 0;
};

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

ElfSymbol search(const MappedFile& file, const Section& table, const Section& strings,
                 std::uintptr_t address) {
  const std::size_t count = table.sh_size / sizeof(Symbol);
  const Symbol* symbols = file.at<Symbol>(table.sh_offset, count);
  const char* names = file.at<char>(strings.sh_offset, strings.sh_size);
  if (symbols == nullptr || names == nullptr) return {};
  for (std::size_t i = 0; i < count; ++i) {
    const Symbol& symbol = symbols[i];
    if ((symbol.st_info & 0xf) != STT_FUNC || address < symbol.st_value ||
        address >= symbol.st_value + symbol.st_size || symbol.st_name >= strings.sh_size) {
      continue;
    }
    const char* name = names + symbol.st_name;
    return {std::string(name, ::strnlen(name, strings.sh_size - symbol.st_name)),
            address - symbol.st_value};
  }
  return {};
}

}  // namespace

ElfSymbol elf_symbol_at(const char* path, std::uintptr_t base, std::uintptr_t pc) {
  const MappedFile file(path);
  const Header* header = file.at<Header>(0);
  if (header == nullptr || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return {};
  const Section* sections = file.at<Section>(header->e_shoff, header->e_shnum);
  if (sections == nullptr) return {};
  const std::uintptr_t address = header->e_type == ET_DYN ? pc - base : pc;
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    const Section& table = sections[i];
    if (table.sh_type != SHT_SYMTAB || table.sh_link >= header->e_shnum) continue;
    return search(file, table, sections[table.sh_link], address);
  }
  return {};
}

}  // namespace gort::runtime
