// Statics.cpp - what the compiler's libraries keep until the process ends.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Statics.h"
#include "llvm/Config/llvm-config.h"
#include <cstdint>
#include <cstring>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)

#define STRING(x) #x
#define VALUE(x) STRING(x)
static const char *const kVersion = VALUE(LLVM_VERSION_MAJOR);

namespace {

/// In the place of `__cxa_atexit`.
int ignoreDestructor(void (*)(void *), void *, void *) { return 0; }

/// Relocations of an object.
struct Table {
  const Elf64_Rela *entries = nullptr;
  size_t bytes = 0;
};

class LoadedObject {
public:
  explicit LoadedObject(const dl_phdr_info &object) : object(object) {
    for (int i = 0; i < object.dlpi_phnum; ++i)
      if (object.dlpi_phdr[i].p_type == PT_DYNAMIC)
        readDynamic(reinterpret_cast<const Elf64_Dyn *>(
            object.dlpi_addr + object.dlpi_phdr[i].p_vaddr));
  }

  /// Has `name` mean `function` to this object. The table of jumps is short;
  /// the other one is read where it has none.
  void replace(const char *name, void *function) const {
    if (symbols && strings && !replaceIn(jumps, name, function))
      replaceIn(others, name, function);
  }

private:
  void readDynamic(const Elf64_Dyn *entry) {
    for (; entry->d_tag != DT_NULL; ++entry) {
      // The loader makes addresses of them, where it can write to the section.
      uintptr_t address = entry->d_un.d_ptr;
      if (address < object.dlpi_addr)
        address += object.dlpi_addr;
      switch (entry->d_tag) {
      case DT_SYMTAB:
        symbols = reinterpret_cast<const Elf64_Sym *>(address);
        break;
      case DT_STRTAB:
        strings = reinterpret_cast<const char *>(address);
        break;
      case DT_JMPREL:
        jumps.entries = reinterpret_cast<const Elf64_Rela *>(address);
        break;
      case DT_PLTRELSZ:
        jumps.bytes = entry->d_un.d_val;
        break;
      case DT_RELA:
        others.entries = reinterpret_cast<const Elf64_Rela *>(address);
        break;
      case DT_RELASZ:
        others.bytes = entry->d_un.d_val;
        break;
      }
    }
  }

  bool replaceIn(const Table &table, const char *name, void *function) const {
    bool isFound = false;
    for (size_t i = 0; table.entries && i < table.bytes / sizeof(Elf64_Rela);
         ++i) {
      const Elf64_Rela &entry = table.entries[i];
      auto type = ELF64_R_TYPE(entry.r_info);
      if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT)
        continue;
      const Elf64_Sym &symbol = symbols[ELF64_R_SYM(entry.r_info)];
      if (std::strcmp(strings + symbol.st_name, name) != 0)
        continue;
      write(reinterpret_cast<void **>(object.dlpi_addr + entry.r_offset),
            function);
      isFound = true;
    }
    return isFound;
  }

  void write(void **slot, void *function) const {
    uintptr_t page = uintptr_t(sysconf(_SC_PAGESIZE));
    auto *start = reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(slot) /
                                           page * page);
    bool isProtected = isReadOnly(reinterpret_cast<uintptr_t>(slot), page);
    if (isProtected && mprotect(start, page, PROT_READ | PROT_WRITE))
      return;
    __atomic_store_n(slot, function, __ATOMIC_RELEASE);
    if (isProtected)
      mprotect(start, page, PROT_READ);
  }

  /// Whether the loader protected the address once it was relocated.
  bool isReadOnly(uintptr_t address, uintptr_t page) const {
    for (int i = 0; i < object.dlpi_phnum; ++i) {
      const Elf64_Phdr &segment = object.dlpi_phdr[i];
      uintptr_t start = object.dlpi_addr + segment.p_vaddr;
      // What begins or ends within a page stays as it is there.
      if (segment.p_type == PT_GNU_RELRO && address >= start / page * page &&
          address < (start + segment.p_memsz) / page * page)
        return true;
    }
    return false;
  }

  const dl_phdr_info &object;
  const Elf64_Sym *symbols = nullptr;
  const char *strings = nullptr;
  Table jumps, others;
};

bool startsWith(const char *text, const char *start) {
  return std::strncmp(text, start, std::strlen(start)) == 0;
}

int keepStaticsOf(dl_phdr_info *object, size_t, void *) {
  const char *slash = std::strrchr(object->dlpi_name, '/');
  const char *name = slash ? slash + 1 : object->dlpi_name;
  // The program may have another LLVM as well.
  bool isLLVM = (startsWith(name, "libLLVM") || startsWith(name, "libMLIR")) &&
                std::strstr(name, kVersion);
  // LLVM is linked with Z3.
  if (isLLVM || startsWith(name, "libz3") ||
      startsWith(name, "libtilewright-jit"))
    LoadedObject(*object).replace("__cxa_atexit",
                                  reinterpret_cast<void *>(&ignoreDestructor));
  return 0;
}

} // namespace

void tilewright::keepStatics() { dl_iterate_phdr(&keepStaticsOf, nullptr); }

#else

void tilewright::keepStatics() {}

#endif
