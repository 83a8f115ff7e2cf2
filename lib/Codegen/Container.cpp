// Container.cpp - writes libraries of kernels (.tilelib).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright/Codegen/Container.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Object/OffloadBinary.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/xxhash.h"

namespace tilewright {

using llvm::object::OffloadBinary;

static llvm::object::ImageKind getImageKind(CodeObjectKind kind) {
  switch (kind) {
  case CodeObjectKind::Cubin:
    return llvm::object::IMG_Cubin;
  case CodeObjectKind::Ptx:
    return llvm::object::IMG_PTX;
  default:
    return llvm::object::IMG_Object;
  }
}

static llvm::object::OffloadKind getOffloadKind(CodeObjectKind kind) {
  switch (kind) {
  case CodeObjectKind::Hsaco:
    return llvm::object::OFK_HIP;
  case CodeObjectKind::Cubin:
  case CodeObjectKind::Ptx:
    return llvm::object::OFK_Cuda;
  default:
    return llvm::object::OFK_OpenMP;
  }
}

static std::string formatHash(llvm::StringRef bytes) {
  return llvm::formatv("{0:x-16}", llvm::xxHash64(bytes)).str();
}

std::string writeContainer(llvm::ArrayRef<ContainerEntry> entries) {
  std::string result;
  for (const ContainerEntry &entry : entries) {
    // The reader compares it before it believes a byte; docs/Container.md.
    std::string hashed = entry.image;
    for (const std::string *text :
         {&entry.kernel, &entry.variant, &entry.metadata, &entry.source,
          &entry.ptx}) {
      hashed += '\0';
      hashed += *text;
    }
    std::string check = formatHash(hashed);
    // In a string of its own: earlier readers know `check` as it is.
    std::string targetCheck =
        formatHash(check + '\0' + entry.triple + '\0' + entry.chip);

    OffloadBinary::OffloadingImage image;
    image.TheImageKind = getImageKind(entry.kind);
    image.TheOffloadKind = getOffloadKind(entry.kind);
    image.StringData["triple"] = entry.triple;
    image.StringData["arch"] = entry.chip;
    image.StringData["kernel"] = entry.kernel;
    image.StringData["variant"] = entry.variant;
    image.StringData["tilewright"] = entry.metadata;
    if (!entry.source.empty())
      image.StringData["tilewright.source"] = entry.source;
    if (!entry.ptx.empty())
      image.StringData["tilewright.ptx"] = entry.ptx;
    image.StringData["tilewright.check"] = check;
    image.StringData["tilewright.check.target"] = targetCheck;
    image.Image = llvm::MemoryBuffer::getMemBuffer(
        entry.image, "", /*RequiresNullTerminator=*/false);
    result += OffloadBinary::write(image);
  }
  return result;
}

} // namespace tilewright
