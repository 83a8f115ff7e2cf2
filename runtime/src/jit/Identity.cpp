// Identity.cpp - which compiler and which tools make a kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Identity.h"
#include "../Fields.h"
#include "../Support.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace tilewright::rt;

//===----------------------------------------------------------------------===//
// ELF files
//===----------------------------------------------------------------------===//

namespace {

/// More than any of these tables has; a file is not believed.
constexpr uint64_t kMostTableBytes = uint64_t(64) << 20;

/// A file that is read in pieces.
class ElfFile {
public:
  explicit ElfFile(const std::string &path)
      : file(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    Elf64_Ehdr header;
    if (!read(0, &header, sizeof(header)) ||
        std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > 256)
      return;
    segments.resize(header.e_phnum);
    if (!read(header.e_phoff, segments.data(),
              segments.size() * sizeof(Elf64_Phdr)))
      segments.clear();
  }
  ~ElfFile() {
    if (file >= 0)
      close(file);
  }
  ElfFile(const ElfFile &) = delete;
  ElfFile &operator=(const ElfFile &) = delete;

  /// All of the first segment of that type.
  std::string readSegment(uint32_t type) const {
    for (const Elf64_Phdr &segment : segments)
      if (segment.p_type == type)
        return readBytes(segment.p_offset, segment.p_filesz);
    return {};
  }
  /// `bytes` bytes that lie at an address.
  std::string readAddress(uint64_t address, uint64_t bytes) const {
    for (const Elf64_Phdr &segment : segments)
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
          address - segment.p_vaddr < segment.p_filesz)
        return readBytes(segment.p_offset + (address - segment.p_vaddr), bytes);
    return {};
  }
  std::vector<Elf64_Phdr> segments;

  std::string readBytes(uint64_t offset, uint64_t bytes) const {
    if (bytes > kMostTableBytes)
      return {};
    std::string result(bytes, '\0');
    return read(offset, &result[0], bytes) ? result : std::string();
  }

private:
  bool read(uint64_t offset, void *data, size_t bytes) const {
    char *to = static_cast<char *>(data);
    while (file >= 0 && bytes) {
      ssize_t count = pread(file, to, bytes, off_t(offset));
      if (count <= 0)
        return false;
      to += count;
      offset += uint64_t(count);
      bytes -= size_t(count);
    }
    return file >= 0;
  }
  int file;
};

std::string toHex(const void *data, size_t bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < bytes; ++i) {
    uint8_t byte = static_cast<const uint8_t *>(data)[i];
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

uint64_t alignTo4(uint64_t value) { return (value + 3) / 4 * 4; }

/// The descriptor of NT_GNU_BUILD_ID among notes, in hexadecimal.
std::string findBuildId(const std::string &notes) {
  for (uint64_t at = 0; notes.size() - at >= sizeof(Elf64_Nhdr);) {
    Elf64_Nhdr note;
    std::memcpy(&note, &notes[at], sizeof(note));
    uint64_t name = at + sizeof(note);
    uint64_t data = name + alignTo4(note.n_namesz);
    uint64_t end = data + alignTo4(note.n_descsz);
    if (end > notes.size())
      return {};
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
        std::memcmp(&notes[name], "GNU", 4) == 0)
      return toHex(&notes[data], note.n_descsz);
    at = end;
  }
  return {};
}

/// The hash of a whole file; empty where it cannot be read.
std::string hashFile(const std::string &path) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return {};
  XXH3_state_t *state = XXH3_createState();
  XXH3_128bits_reset(state);
  std::string buffer(1 << 20, '\0');
  ssize_t count;
  while ((count = read(file, &buffer[0], buffer.size())) > 0)
    XXH3_128bits_update(state, buffer.data(), size_t(count));
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state));
  XXH3_freeState(state);
  close(file);
  return count < 0 ? std::string() : toHex(&digest, sizeof(digest));
}

} // namespace

std::string tilewright::rt::identifyElf(const std::string &path) {
  ElfFile file(path);
  for (const Elf64_Phdr &segment : file.segments)
    if (segment.p_type == PT_NOTE)
      if (std::string id =
              findBuildId(file.readBytes(segment.p_offset, segment.p_filesz));
          !id.empty())
        return id;
  return hashFile(path);
}

//===----------------------------------------------------------------------===//
// The compiler and what it needs
//===----------------------------------------------------------------------===//

namespace {

/// What an object asks of the system's loader.
struct Needs {
  std::vector<std::string> libraries;
  std::string path; ///< folders, separated by ':'
};

Needs readNeeds(const std::string &path) {
  Needs needs;
  ElfFile file(path);
  std::string dynamic = file.readSegment(PT_DYNAMIC);
  uint64_t strings = 0, stringBytes = 0;
  std::vector<uint64_t> libraries;
  uint64_t searchPath = UINT64_MAX;
  for (size_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic.size();
       at += sizeof(Elf64_Dyn)) {
    Elf64_Dyn entry;
    std::memcpy(&entry, &dynamic[at], sizeof(entry));
    if (entry.d_tag == DT_NULL)
      break;
    if (entry.d_tag == DT_STRTAB)
      strings = entry.d_un.d_ptr;
    else if (entry.d_tag == DT_STRSZ)
      stringBytes = entry.d_un.d_val;
    else if (entry.d_tag == DT_NEEDED)
      libraries.push_back(entry.d_un.d_val);
    else if (entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH)
      searchPath = entry.d_un.d_val;
  }
  // Piece by piece: LLVM has megabytes of names.
  auto get = [&](uint64_t at) {
    constexpr uint64_t kMostBytes = 4096;
    if (at >= stringBytes)
      return std::string();
    uint64_t bytes = std::min(stringBytes - at, kMostBytes);
    return std::string(file.readAddress(strings + at, bytes).c_str());
  };
  for (uint64_t library : libraries)
    needs.libraries.push_back(get(library));
  needs.path = get(searchPath);
  return needs;
}

std::string getFolder(const std::string &path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

/// Adds the folders of a list such as LD_LIBRARY_PATH.
void addFolders(std::vector<std::string> &folders, const std::string &list,
                const std::string &origin) {
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(':', begin), list.size());
    std::string folder = list.substr(begin, end - begin);
    for (const char *name : {"$ORIGIN", "${ORIGIN}"})
      if (size_t at = folder.find(name); at != std::string::npos)
        folder.replace(at, std::strlen(name), origin);
    if (!folder.empty())
      folders.push_back(folder);
    begin = end + 1;
  }
}

constexpr const char *kSystemFolders =
    "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:/usr/lib64:/lib:"
    "/usr/lib:/usr/local/lib";

} // namespace

TwStatus tilewright::rt::identifyCompiler(const std::string &path,
                                          std::string &identity) {
  identity.clear();
  std::vector<std::pair<std::string, std::string>> files{
      {path.substr(path.rfind('/') + 1), path}};
  std::set<std::string> names{files[0].first};
  for (size_t i = 0; i < files.size(); ++i) {
    auto [name, file] = files[i];
    std::string id = identifyElf(file);
    if (id.empty())
      return fail(TW_NOT_FOUND, "cannot read '", file,
                  "', which the compiler '", path, "' needs");
    identity += name + " " + id + "\n";
    Needs needs = readNeeds(file);
    std::vector<std::string> folders;
    if (const char *list = std::getenv("LD_LIBRARY_PATH"))
      addFolders(folders, list, getFolder(file));
    addFolders(folders, needs.path, getFolder(file));
    addFolders(folders, kSystemFolders, "");
    for (const std::string &library : needs.libraries) {
      if (!names.insert(library).second)
        continue;
      std::string found;
      for (const std::string &folder : folders)
        if (std::string place = folder + "/" + library;
            access(place.c_str(), R_OK) == 0) {
          found = place;
          break;
        }
      if (found.empty())
        return fail(TW_NOT_FOUND, "cannot find '", library,
                    "', which the compiler '", path, "' needs");
      files.push_back({library, found});
    }
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Tools
//===----------------------------------------------------------------------===//

std::string tilewright::rt::identifyFile(TwCache cache,
                                         const std::string &path) {
  struct stat info;
  if (stat(path.c_str(), &info))
    return {};
  auto show = [](const timespec &time) {
    return std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec);
  };
  std::string key = "tilewright-key 1 file\n";
  writeField(key, "device", std::to_string(info.st_dev));
  writeField(key, "inode", std::to_string(info.st_ino));
  writeField(key, "bytes", std::to_string(info.st_size));
  writeField(key, "modified", show(info.st_mtim));
  writeField(key, "changed", show(info.st_ctim));
  TwCacheValue known = {};
  if (cache)
    twStatusDestroy(twCacheGet(cache, {key.data(), key.size()}, &known));
  if (known.owner) {
    std::string hash(static_cast<const char *>(known.bytes.data),
                     known.bytes.size);
    twCacheValueDestroy(known);
    return hash;
  }
  std::string hash = hashFile(path);
  // A file that was written just now may change again within its time stamp.
  constexpr int64_t kSettledSeconds = 2;
  if (cache && !hash.empty() && info.st_ctime + kSettledSeconds < time(nullptr))
    twStatusDestroy(twCachePut(cache, {key.data(), key.size()},
                               {hash.data(), hash.size()}));
  return hash;
}

/// The program `name` in PATH; empty where there is none.
static std::string findProgram(const std::string &name) {
  const char *list = std::getenv("PATH");
  std::vector<std::string> folders;
  addFolders(folders, list ? list : "", "");
  for (const std::string &folder : folders) {
    std::string path = folder + "/" + name;
    struct stat info;
    if (stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
        access(path.c_str(), X_OK) == 0)
      return path;
  }
  return {};
}

/// Adds the first of some shared libraries that the system's loader finds.
static void addLibrary(TwCache cache, std::initializer_list<const char *> names,
                       std::vector<NamedText> &tools) {
  for (const char *name : names) {
    // Not unloaded: comgr is linked with an LLVM that stays, and which does not
    // stand that comgr registers its options a second time.
    void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (!library)
      continue;
    link_map *map = nullptr;
    if (dlinfo(library, RTLD_DI_LINKMAP, &map) == 0)
      tools.push_back({name, identifyFile(cache, map->l_name)});
    dlclose(library);
    return;
  }
}

std::vector<NamedText>
tilewright::rt::identifyTools(TwCache cache, const std::string &target,
                              const std::string &linker) {
  std::vector<NamedText> tools;
  if (target.rfind("sm_", 0) == 0) {
    if (std::string path = findProgram("ptxas"); !path.empty())
      tools.push_back({"ptxas", identifyFile(cache, path)});
    else
      addLibrary(cache, {"libnvJitLink.so.13", "libnvJitLink.so.12"}, tools);
  } else if (target.rfind("gfx", 0) == 0 && linker == "comgr") {
    const char *chosen = std::getenv("TILEWRIGHT_COMGR");
    if (chosen && *chosen)
      addLibrary(cache, {chosen}, tools);
    else
      addLibrary(cache, {"libamd_comgr.so.3", "libamd_comgr.so.2"}, tools);
  }
  // Their names are the compiler's, never a path of this machine.
  for (NamedText &tool : tools)
    tool.name = tool.name.substr(tool.name.rfind('/') + 1);
  return tools;
}
