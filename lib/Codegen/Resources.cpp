// Resources.cpp - register and memory use, read from finished code objects.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Backend.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/BinaryFormat/MsgPackDocument.h"
#include "llvm/Object/ELF.h"
#include "llvm/Object/ELFTypes.h"

namespace tilewright {

using Elf = llvm::object::ELF64LE;

/// The descriptor of the note "AMDGPU" of type NT_AMDGPU_METADATA.
static llvm::Expected<llvm::StringRef>
findMetadataNote(const llvm::object::ELFFile<Elf> &file) {
  auto sections = file.sections();
  if (!sections)
    return sections.takeError();
  for (const auto &section : *sections) {
    if (section.sh_type != llvm::ELF::SHT_NOTE)
      continue;
    llvm::Error error = llvm::Error::success();
    llvm::StringRef found;
    for (const auto &note : file.notes(section, error))
      if (note.getName() == "AMDGPU" &&
          note.getType() == llvm::ELF::NT_AMDGPU_METADATA)
        found = note.getDescAsStringRef(section.sh_addralign);
    if (error)
      return std::move(error);
    if (!found.empty())
      return found;
  }
  return llvm::make_error<CodegenError>("the code object has no metadata note");
}

static std::optional<int64_t> getInteger(llvm::msgpack::MapDocNode &map,
                                         llvm::StringRef key) {
  auto it = map.find(key);
  if (it == map.end())
    return std::nullopt;
  if (it->second.getKind() == llvm::msgpack::Type::UInt)
    return static_cast<int64_t>(it->second.getUInt());
  if (it->second.getKind() == llvm::msgpack::Type::Int)
    return it->second.getInt();
  return std::nullopt;
}

/// Bytes of the symbol `name`.
static int64_t getSymbolBytes(const llvm::object::ELFFile<Elf> &file,
                              llvm::StringRef name) {
  auto sections = file.sections();
  if (!sections) {
    llvm::consumeError(sections.takeError());
    return 0;
  }
  for (const auto &section : *sections) {
    if (section.sh_type != llvm::ELF::SHT_DYNSYM)
      continue;
    auto symbols = file.symbols(&section);
    auto strings = file.getStringTableForSymtab(section);
    if (!symbols || !strings) {
      llvm::consumeError(symbols.takeError());
      llvm::consumeError(strings.takeError());
      continue;
    }
    for (const auto &symbol : *symbols) {
      auto text = symbol.getName(*strings);
      if (!text)
        llvm::consumeError(text.takeError());
      else if (*text == name)
        return symbol.st_size;
    }
  }
  return 0;
}

llvm::Expected<ResourceUse> readHsacoResources(llvm::StringRef object,
                                               llvm::StringRef symbol) {
  auto file = llvm::object::ELFFile<Elf>::create(object);
  if (!file)
    return file.takeError();
  auto note = findMetadataNote(*file);
  if (!note)
    return note.takeError();
  llvm::msgpack::Document document;
  if (!document.readFromBlob(*note, /*Multi=*/false) ||
      !document.getRoot().isMap())
    return llvm::make_error<CodegenError>("the metadata note is not a map");
  auto &root = document.getRoot().getMap();
  auto kernels = root.find("amdhsa.kernels");
  if (kernels == root.end() || !kernels->second.isArray())
    return llvm::make_error<CodegenError>("the metadata note has no kernels");
  for (auto &node : kernels->second.getArray()) {
    if (!node.isMap())
      continue;
    auto &kernel = node.getMap();
    auto name = kernel.find(".name");
    if (name == kernel.end() || !name->second.isString() ||
        name->second.getString() != symbol)
      continue;
    ResourceUse use;
    use.vgprs = getInteger(kernel, ".vgpr_count");
    use.agprs = getInteger(kernel, ".agpr_count");
    use.sgprs = getInteger(kernel, ".sgpr_count");
    use.spills = getInteger(kernel, ".vgpr_spill_count").value_or(0) +
                 getInteger(kernel, ".sgpr_spill_count").value_or(0);
    use.sharedBytes =
        getInteger(kernel, ".group_segment_fixed_size").value_or(0);
    use.privateBytes =
        getInteger(kernel, ".private_segment_fixed_size").value_or(0);
    use.codeBytes = getSymbolBytes(*file, symbol);
    return use;
  }
  return llvm::make_error<CodegenError>("the code object has no kernel '" +
                                        symbol.str() + "'");
}

/// Bytes of all sections with machine code.
int64_t getExecutableBytes(llvm::StringRef object) {
  auto file = llvm::object::ELFFile<Elf>::create(object);
  if (!file) {
    llvm::consumeError(file.takeError());
    return 0;
  }
  auto sections = file->sections();
  if (!sections) {
    llvm::consumeError(sections.takeError());
    return 0;
  }
  int64_t bytes = 0;
  for (const auto &section : *sections)
    if (section.sh_flags & llvm::ELF::SHF_EXECINSTR)
      bytes += section.sh_size;
  return bytes;
}

} // namespace tilewright
