// Loaded.cpp - whether the compiler that runs is the one that a request names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Loaded.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Path.h"
#include <atomic>
#include <cstring>
#include <link.h>
#include <memory>

namespace tilewright {
namespace {

/// The build id in the notes of a loaded object, in lower-case digits; empty
/// where it has none.
std::string findBuildId(const dl_phdr_info &object) {
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr) &segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE)
      continue;
    const char *notes =
        reinterpret_cast<const char *>(object.dlpi_addr + segment.p_vaddr);
    for (size_t at = 0; segment.p_memsz - at >= sizeof(ElfW(Nhdr));) {
      ElfW(Nhdr) note;
      std::memcpy(&note, notes + at, sizeof(note));
      size_t name = at + sizeof(note);
      size_t data = name + (note.n_namesz + 3) / 4 * 4;
      size_t end = data + (note.n_descsz + 3) / 4 * 4;
      if (end > segment.p_memsz)
        break;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
          std::memcmp(notes + name, "GNU", 4) == 0)
        return llvm::toHex(llvm::StringRef(notes + data, note.n_descsz),
                           /*LowerCase=*/true);
      at = end;
    }
  }
  return {};
}

using BuildIds = llvm::StringMap<std::string>;

int addObject(dl_phdr_info *object, size_t, void *user) {
  auto &ids = *static_cast<BuildIds *>(user);
  ids[llvm::sys::path::filename(object->dlpi_name)] = findBuildId(*object);
  return 0;
}

/// The build ids of what is loaded, by file name; asked for once. The dynamic
/// linker locks its list, which would stay locked in a child that is forked
/// meanwhile. What the compiler needs is loaded with it, and stays.
const BuildIds &getBuildIds() {
  static std::atomic<const BuildIds *> known{nullptr};
  const BuildIds *found = known.load(std::memory_order_acquire);
  if (found)
    return *found;
  auto made = std::make_unique<BuildIds>();
  dl_iterate_phdr(&addObject, made.get());
  // Of two threads that ask at the same time the first one's are kept.
  return known.compare_exchange_strong(found, made.get()) ? *made.release()
                                                          : *found;
}

} // namespace

std::string findReplacedLibrary(llvm::StringRef compiler) {
  const BuildIds &ids = getBuildIds();
  llvm::SmallVector<llvm::StringRef> lines;
  compiler.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef line : lines) {
    auto [name, id] = line.split(' ');
    auto it = ids.find(name);
    // A file without a build id is named by a hash, which memory does not show.
    if (it == ids.end() || it->second.empty() || it->second == id)
      continue;
    return ("the compiler was replaced while this process ran: its file '" +
            name + "' has build id " + id + ", but loaded is " + it->second +
            "; start the process again")
        .str();
  }
  return {};
}

} // namespace tilewright
