// ElfImage.h - loads an ELF shared object without imports from memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_HOST_ELFIMAGE_H
#define TILEWRIGHT_RUNTIME_HOST_ELFIMAGE_H

#include "tilewright-rt/Library.h"
#include <cstdint>
#include <elf.h>
#include <vector>

namespace tilewright::rt {

/// Memory with the segments of one image; unmapped at the end.
class ElfImage {
public:
  ElfImage() = default;
  ElfImage(const ElfImage &) = delete;
  ElfImage &operator=(const ElfImage &) = delete;
  ~ElfImage();

  /// Loads `bytes`, which may be anything: every offset is checked.
  TwStatus load(TwBytes bytes);

  /// Address of the defined function `name`, or null.
  void *find(const char *name) const;

private:
  uint8_t *base = nullptr;
  uint64_t span = 0;
  std::vector<Elf64_Phdr> segments;
  uint64_t symbolTable = 0, stringTable = 0, stringBytes = 0, numSymbols = 0;

  bool contains(uint64_t address, uint64_t size) const {
    return address <= span && size <= span - address;
  }
  template <typename T> T readAt(uint64_t address) const;
  TwStatus mapSegments(TwBytes bytes);
  TwStatus readDynamic(const Elf64_Phdr &dynamic);
  TwStatus relocate(uint64_t table, uint64_t bytes);
  TwStatus protect();
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_HOST_ELFIMAGE_H
