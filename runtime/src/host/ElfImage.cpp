// ElfImage.cpp - loads an ELF shared object without imports from memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ElfImage.h"
#include "../Support.h"
#include <cstring>
#include <sys/mman.h>

namespace tilewright::rt {

static constexpr uint64_t pageBytes = 4096;
static constexpr uint64_t maxSpan = uint64_t(1) << 30;

static uint64_t roundDown(uint64_t value) {
  return value / pageBytes * pageBytes;
}
static uint64_t roundUp(uint64_t value) {
  return roundDown(value + pageBytes - 1);
}

template <typename... Parts> static TwStatus corrupt(const Parts &...parts) {
  return fail(TW_CORRUPT, "the host image is damaged: ", parts...);
}

ElfImage::~ElfImage() {
  if (base)
    munmap(base, span);
}

template <typename T> T ElfImage::readAt(uint64_t address) const {
  T value;
  std::memcpy(&value, base + address, sizeof(T));
  return value;
}

TwStatus ElfImage::load(TwBytes bytes) {
  Elf64_Ehdr header;
  if (!bytes.data || bytes.size < sizeof(header))
    return corrupt("it ends within its header");
  std::memcpy(&header, bytes.data, sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return corrupt("it is no ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_DYN ||
      header.e_phentsize != sizeof(Elf64_Phdr))
    return corrupt("it is no 64-bit shared object");
#if defined(__x86_64__)
  if (header.e_machine != EM_X86_64)
    return fail(TW_UNSUPPORTED, "the host image is for ELF machine ",
                int64_t(header.e_machine), ", but this CPU is 62 (x86-64)");
#else
  return fail(TW_UNSUPPORTED, "host images run on x86-64 only");
#endif
  uint64_t tableBytes = uint64_t(header.e_phnum) * sizeof(Elf64_Phdr);
  if (header.e_phnum == 0 || header.e_phnum > 32 ||
      header.e_phoff > bytes.size || tableBytes > bytes.size - header.e_phoff)
    return corrupt("its program headers lie outside");
  std::vector<Elf64_Phdr> headers(header.e_phnum);
  std::memcpy(headers.data(),
              static_cast<const uint8_t *>(bytes.data) + header.e_phoff,
              tableBytes);
  const Elf64_Phdr *dynamic = nullptr;
  for (const Elf64_Phdr &segment : headers) {
    if (segment.p_type == PT_LOAD)
      segments.push_back(segment);
    else if (segment.p_type == PT_DYNAMIC)
      dynamic = &segment;
    else if (segment.p_type == PT_TLS || segment.p_type == PT_INTERP)
      return fail(TW_UNSUPPORTED, "the host image needs the system's loader");
  }
  if (!dynamic || segments.empty())
    return corrupt("it has nothing to load");
  if (TwStatus status = mapSegments(bytes))
    return status;
  if (TwStatus status = readDynamic(*dynamic))
    return status;
  return protect();
}

TwStatus ElfImage::mapSegments(TwBytes bytes) {
  uint64_t end = 0;
  for (const Elf64_Phdr &segment : segments) {
    if (segment.p_filesz > segment.p_memsz || segment.p_offset > bytes.size ||
        segment.p_filesz > bytes.size - segment.p_offset)
      return corrupt("a segment lies outside");
    if (segment.p_vaddr > maxSpan || segment.p_memsz > maxSpan)
      return corrupt("a segment is too large");
    // Each page has one protection, so segments may not share one.
    if (roundDown(segment.p_vaddr) < end)
      return corrupt("its segments overlap");
    end = roundUp(segment.p_vaddr + segment.p_memsz);
  }
  span = end;
  if (span == 0)
    return corrupt("it has nothing to load");
  void *memory = mmap(nullptr, span, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return fail(TW_RESOURCE_EXHAUSTED, "no memory for a host image of ",
                int64_t(span), " bytes");
  base = static_cast<uint8_t *>(memory);
  for (const Elf64_Phdr &segment : segments)
    std::memcpy(base + segment.p_vaddr,
                static_cast<const uint8_t *>(bytes.data) + segment.p_offset,
                segment.p_filesz);
  return nullptr;
}

TwStatus ElfImage::readDynamic(const Elf64_Phdr &dynamic) {
  if (!contains(dynamic.p_vaddr, dynamic.p_memsz))
    return corrupt("its dynamic section lies outside");
  uint64_t rela = 0, relaBytes = 0, plt = 0, pltBytes = 0, hash = 0;
  for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic.p_memsz;
       at += sizeof(Elf64_Dyn)) {
    auto entry = readAt<Elf64_Dyn>(dynamic.p_vaddr + at);
    uint64_t value = entry.d_un.d_val;
    if (entry.d_tag == DT_NULL)
      break;
    switch (entry.d_tag) {
    case DT_RELA:
      rela = value;
      break;
    case DT_RELASZ:
      relaBytes = value;
      break;
    case DT_JMPREL:
      plt = value;
      break;
    case DT_PLTRELSZ:
      pltBytes = value;
      break;
    case DT_SYMTAB:
      symbolTable = value;
      break;
    case DT_STRTAB:
      stringTable = value;
      break;
    case DT_STRSZ:
      stringBytes = value;
      break;
    case DT_HASH:
      hash = value;
      break;
    case DT_NEEDED:
    case DT_TEXTREL:
    case DT_INIT:
    case DT_FINI:
    case DT_INIT_ARRAY:
    case DT_FINI_ARRAY:
    case DT_REL:
    case DT_RELR:
      return fail(TW_UNSUPPORTED, "the host image needs the system's loader");
    default:
      break;
    }
  }
  if (!hash || !contains(hash, 8))
    return corrupt("it has no symbols");
  numSymbols = readAt<uint32_t>(hash + 4);
  if (!contains(symbolTable, numSymbols * sizeof(Elf64_Sym)) ||
      !contains(stringTable, stringBytes))
    return corrupt("its symbols lie outside");
  if (TwStatus status = relocate(rela, relaBytes))
    return status;
  return relocate(plt, pltBytes);
}

TwStatus ElfImage::relocate(uint64_t table, uint64_t bytes) {
  if (!contains(table, bytes))
    return corrupt("its relocations lie outside");
  for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= bytes;
       at += sizeof(Elf64_Rela)) {
    auto entry = readAt<Elf64_Rela>(table + at);
    uint64_t index = ELF64_R_SYM(entry.r_info);
    uint64_t value = reinterpret_cast<uint64_t>(base);
    switch (ELF64_R_TYPE(entry.r_info)) {
    case R_X86_64_RELATIVE:
      value += entry.r_addend;
      break;
    case R_X86_64_64:
    case R_X86_64_GLOB_DAT:
    case R_X86_64_JUMP_SLOT: {
      if (index >= numSymbols)
        return corrupt("a relocation names no symbol");
      auto symbol = readAt<Elf64_Sym>(symbolTable + index * sizeof(Elf64_Sym));
      if (symbol.st_shndx == SHN_UNDEF)
        return fail(TW_UNSUPPORTED, "the host image imports a symbol");
      value += symbol.st_value + entry.r_addend;
      break;
    }
    default:
      return fail(TW_UNSUPPORTED, "the host image has a relocation of type ",
                  int64_t(ELF64_R_TYPE(entry.r_info)));
    }
    if (!contains(entry.r_offset, 8))
      return corrupt("a relocation lies outside");
    std::memcpy(base + entry.r_offset, &value, 8);
  }
  return nullptr;
}

TwStatus ElfImage::protect() {
  for (const Elf64_Phdr &segment : segments) {
    int flags = (segment.p_flags & PF_R ? PROT_READ : 0) |
                (segment.p_flags & PF_W ? PROT_WRITE : 0) |
                (segment.p_flags & PF_X ? PROT_EXEC : 0);
    uint64_t begin = roundDown(segment.p_vaddr);
    uint64_t size = roundUp(segment.p_vaddr + segment.p_memsz) - begin;
    if (size && mprotect(base + begin, size, flags | PROT_READ) != 0)
      return fail(TW_RESOURCE_EXHAUSTED,
                  "the system refuses to make a host image executable");
  }
  return nullptr;
}

void *ElfImage::find(const char *name) const {
  uint64_t length = std::strlen(name) + 1;
  for (uint64_t i = 1; i < numSymbols; ++i) {
    auto symbol = readAt<Elf64_Sym>(symbolTable + i * sizeof(Elf64_Sym));
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= stringBytes ||
        length > stringBytes - symbol.st_name)
      continue;
    if (std::memcmp(base + stringTable + symbol.st_name, name, length) != 0)
      continue;
    for (const Elf64_Phdr &segment : segments)
      if ((segment.p_flags & PF_X) && symbol.st_value >= segment.p_vaddr &&
          symbol.st_value - segment.p_vaddr < segment.p_memsz)
        return base + symbol.st_value;
  }
  return nullptr;
}

} // namespace tilewright::rt
