// Library.cpp - the bounds-checked reader of libraries.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Library.h"
#include "Support.h"
#include "cache/Files.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <memory>
#include <new>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace tilewright::rt;

namespace {

/// The layout of LLVM's OffloadBinary, version 1 (llvm/Object/OffloadBinary.h).
struct Header {
  uint8_t magic[4];
  uint32_t version;
  uint64_t size, entryOffset, entrySize;
};
struct Entry {
  uint16_t imageKind, offloadKind;
  uint32_t flags;
  uint64_t stringOffset, numStrings, imageOffset, imageSize;
};
struct StringEntry {
  uint64_t keyOffset, valueOffset;
};
constexpr uint8_t expectedMagic[4] = {0x10, 0xFF, 0x10, 0xAD};
constexpr uint64_t maxStrings = 64;

/// Bytes of one offload binary; offsets are from its start.
class Span {
public:
  Span(const char *data, uint64_t size) : data(data), size(size) {}

  bool contains(uint64_t offset, uint64_t length) const {
    return offset <= size && length <= size - offset;
  }
  template <typename T> bool read(uint64_t offset, T &value) const {
    if (!contains(offset, sizeof(T)))
      return false;
    std::memcpy(&value, data + offset, sizeof(T));
    return true;
  }
  /// The string at `offset`, or null where it has no end.
  const char *getString(uint64_t offset) const {
    if (offset >= size || !std::memchr(data + offset, 0, size - offset))
      return nullptr;
    return data + offset;
  }
  const char *data;
  uint64_t size;
};

using Strings = std::map<std::string, const char *>;

TwStatus readStrings(const Span &span, const Entry &entry, int64_t index,
                     Strings &strings) {
  if (entry.numStrings > maxStrings)
    return fail(TW_CORRUPT, "image ", index,
                " of the library claims more than ", int64_t(maxStrings),
                " strings");
  for (uint64_t i = 0; i < entry.numStrings; ++i) {
    StringEntry string;
    uint64_t offset = entry.stringOffset + i * sizeof(StringEntry);
    const char *key = nullptr, *value = nullptr;
    if (entry.stringOffset <= span.size && span.read(offset, string)) {
      key = span.getString(string.keyOffset);
      value = span.getString(string.valueOffset);
    }
    if (!key || !value)
      return fail(TW_CORRUPT, "string ", int64_t(i), " of image ", index,
                  " lies outside the library");
    if (!strings.emplace(key, value).second)
      return fail(TW_CORRUPT, "image ", index,
                  " of the library has a string twice");
  }
  return nullptr;
}

/// 16 hexadecimal digits.
std::string formatHash(uint64_t hash) {
  char digits[17];
  std::snprintf(digits, sizeof(digits), "%016llx",
                static_cast<unsigned long long>(hash));
  return digits;
}

constexpr std::string_view kNul("", 1);

/// `tilewright.check` as docs/Container.md defines it.
std::string computeCheck(const TwImageInfo &info) {
  return formatHash(
      hashPieces({{static_cast<const char *>(info.image.data), info.image.size},
                  kNul,
                  info.kernel,
                  kNul,
                  info.variant,
                  kNul,
                  info.metadata,
                  kNul,
                  info.source,
                  kNul,
                  info.ptx}));
}

/// `tilewright.check.target` as docs/Container.md defines it.
std::string computeTargetCheck(const TwImageInfo &info, const char *check) {
  return formatHash(hashPieces({check, kNul, info.triple, kNul, info.chip}));
}

TwStatus readImage(const Span &span, const Header &header, int64_t index,
                   TwImageInfo &info) {
  Entry entry;
  if (header.entrySize < sizeof(Entry) || !span.read(header.entryOffset, entry))
    return fail(TW_CORRUPT, "the entry of image ", index,
                " lies outside the library");
  if (!span.contains(entry.imageOffset, entry.imageSize))
    return fail(TW_CORRUPT, "the code object of image ", index,
                " lies outside the library");
  Strings strings;
  if (TwStatus status = readStrings(span, entry, index, strings))
    return status;
  auto get = [&](const char *key) {
    auto it = strings.find(key);
    return it == strings.end() ? "" : it->second;
  };
  for (const char *key :
       {"kernel", "variant", "arch", "tilewright", "tilewright.check"})
    if (!*get(key))
      return fail(TW_CORRUPT, "image ", index, " of the library has no '", key,
                  "'");
  info.kernel = get("kernel");
  info.variant = get("variant");
  info.chip = get("arch");
  info.triple = get("triple");
  info.metadata = get("tilewright");
  info.source = get("tilewright.source");
  info.ptx = get("tilewright.ptx");
  info.image = {span.data + entry.imageOffset, entry.imageSize};
  if (computeCheck(info) != get("tilewright.check"))
    return fail(TW_CORRUPT, "the bytes of image ", index,
                " of the library do not match their hash");
  // Older libraries have none.
  auto target = strings.find("tilewright.check.target");
  if (target != strings.end() &&
      computeTargetCheck(info, get("tilewright.check")) != target->second)
    return fail(TW_CORRUPT, "the chip and triple of image ", index,
                " of the library do not match their hash");
  return nullptr;
}

TwStatus readAll(TwLibraryStorage &library) {
  const char *data = library.bytes.get();
  uint64_t size = library.numBytes, offset = 0;
  if (size == 0)
    return fail(TW_CORRUPT, "the library is empty");
  while (offset < size) {
    int64_t index = library.images.size();
    Span rest(data + offset, size - offset);
    Header header;
    if (!rest.read(0, header))
      return fail(TW_CORRUPT, "the library ends within the header of image ",
                  index);
    if (std::memcmp(header.magic, expectedMagic, sizeof(expectedMagic)) != 0)
      return fail(TW_CORRUPT, "expected an offload binary at byte ",
                  int64_t(offset), " of the library");
    if (header.version != 1)
      return fail(TW_UNSUPPORTED, "image ", index,
                  " of the library has format version ",
                  int64_t(header.version), ", but this runtime reads 1");
    if (header.size < sizeof(Header) || header.size > rest.size ||
        header.size % 8 != 0)
      return fail(TW_CORRUPT, "image ", index, " of the library claims ",
                  std::to_string(header.size), " bytes, but ",
                  std::to_string(rest.size), " are left");
    TwImageInfo info{};
    if (TwStatus status =
            readImage(Span(rest.data, header.size), header, index, info))
      return status;
    library.images.push_back(info);
    offset += header.size;
  }
  return nullptr;
}

/// Memory for the bytes of a library: its size is somebody else's word, so that
/// there may be none.
TwStatus reserve(TwLibraryStorage &library, uint64_t numBytes) {
  library.bytes.reset(new (std::nothrow) char[numBytes]);
  if (!library.bytes)
    return fail(TW_RESOURCE_EXHAUSTED, "no memory for ",
                std::to_string(numBytes), " bytes");
  library.numBytes = numBytes;
  return nullptr;
}

TwStatus readOpened(int file, const char *path, TwLibraryStorage &library) {
  struct stat info;
  if (fstat(file, &info))
    return fail(TW_NOT_FOUND, "cannot read '", path,
                "': ", std::strerror(errno));
  // What a device or a pipe gives has no end, or no beginning.
  if (!S_ISREG(info.st_mode))
    return fail(TW_NOT_FOUND, "cannot read '", path,
                "': expected a regular file");
  uint64_t numBytes = uint64_t(info.st_size);
  if (numBytes > kMostFileBytes)
    return fail(TW_UNSUPPORTED, "expected a library of at most ",
                int64_t(kMostFileBytes), " bytes, but '", path, "' has ",
                std::to_string(numBytes));
  if (TwStatus status = reserve(library, numBytes)) {
    status->message = std::string(path) + ": " + status->message;
    return status;
  }
  // Read, not mapped: a file that gets shorter would kill the process.
  for (size_t done = 0; done < library.numBytes;) {
    ssize_t count =
        read(file, library.bytes.get() + done, library.numBytes - done);
    if (count > 0)
      done += size_t(count);
    else if (count == 0)
      library.numBytes = done;
    else if (errno != EINTR)
      return fail(TW_NOT_FOUND, "cannot read '", path,
                  "': ", std::strerror(errno));
  }
  return nullptr;
}

TwStatus readFile(const char *path, TwLibraryStorage &library) {
  // A pipe with that name must not block.
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return fail(TW_NOT_FOUND, "cannot read '", path,
                "': ", std::strerror(errno));
  TwStatus status = readOpened(file, path, library);
  close(file);
  return status;
}

} // namespace

TwStatus twLibraryCreate(TwBytes bytes, TwLibrary *library) {
  if (!library || (!bytes.data && bytes.size))
    return fail(TW_INVALID_ARGUMENT,
                "expected bytes and a place for a library");
  *library = nullptr;
  auto result = std::make_unique<TwLibraryStorage>();
  if (TwStatus status = reserve(*result, bytes.size))
    return status;
  if (bytes.size)
    std::memcpy(result->bytes.get(), bytes.data, bytes.size);
  if (TwStatus status = readAll(*result))
    return status;
  *library = result.release();
  return nullptr;
}

TwStatus twLibraryCreateFromFile(const char *path, TwLibrary *library) {
  if (!library || !path)
    return fail(TW_INVALID_ARGUMENT,
                "expected a path and a place for a library");
  *library = nullptr;
  auto result = std::make_unique<TwLibraryStorage>();
  if (TwStatus status = readFile(path, *result))
    return status;
  if (TwStatus status = readAll(*result)) {
    status->message = std::string(path) + ": " + status->message;
    return status;
  }
  *library = result.release();
  return nullptr;
}

void twLibraryDestroy(TwLibrary library) {
  if (library && library->numOwners.fetch_sub(1) == 1)
    delete library;
}

TwBytes twLibraryGetBytes(TwLibrary library) {
  return library ? TwBytes{library->bytes.get(), library->numBytes} : TwBytes{};
}

size_t twLibraryGetNumImages(TwLibrary library) {
  return library ? library->images.size() : 0;
}

TwStatus twLibraryGetImage(TwLibrary library, size_t index, TwImageInfo *info) {
  if (!library || !info)
    return fail(TW_INVALID_ARGUMENT,
                "expected a library and a place for an image");
  if (index >= library->images.size())
    return fail(TW_INVALID_ARGUMENT, "expected an image below ",
                int64_t(library->images.size()), ", but got ", int64_t(index));
  *info = library->images[index];
  return nullptr;
}

TwStatus twLibraryFindImage(TwLibrary library, const char *kernel,
                            const char *variant, const char *chip,
                            TwImageInfo *info) {
  if (!library || !kernel || !chip || !info)
    return fail(TW_INVALID_ARGUMENT,
                "expected a library, the names of a kernel and of a chip, and "
                "a place for an image");
  std::string others;
  for (const TwImageInfo &image : library->images) {
    if (std::strcmp(image.kernel, kernel) == 0 &&
        (!variant || std::strcmp(image.variant, variant) == 0) &&
        std::strcmp(image.chip, chip) == 0) {
      *info = image;
      return nullptr;
    }
    others += (others.empty() ? "" : ", ") + std::string(image.kernel) + "/" +
              image.variant + "/" + image.chip;
  }
  return fail(TW_NOT_FOUND, "the library has no kernel '", kernel, "'",
              variant ? std::string(", variant '") + variant + "'"
                      : std::string(),
              " for '", chip, "'; it has ", others);
}
