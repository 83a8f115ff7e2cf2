// Comgr.cpp - ROCm's code object manager, loaded where it is asked for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Comgr.h"
#include "Backend.h"
#include "llvm/ADT/ScopeExit.h"
#include <amd_comgr.h>
#include <cstdlib>
#include <dlfcn.h>

namespace tilewright {
namespace {

/// The functions of the library that we use, typed by its header.
struct Comgr {
#define FUNCTIONS(X)                                                           \
  X(status_string)                                                             \
  X(get_version)                                                               \
  X(get_isa_count)                                                             \
  X(get_isa_name)                                                              \
  X(create_data)                                                               \
  X(release_data)                                                              \
  X(set_data)                                                                  \
  X(set_data_name)                                                             \
  X(get_data)                                                                  \
  X(create_data_set)                                                           \
  X(destroy_data_set)                                                          \
  X(data_set_add)                                                              \
  X(create_action_info)                                                        \
  X(destroy_action_info)                                                       \
  X(action_info_set_isa_name)                                                  \
  X(action_info_set_logging)                                                   \
  X(do_action)                                                                 \
  X(action_data_count)                                                         \
  X(action_data_get_data)                                                      \
  X(get_data_metadata)                                                         \
  X(metadata_lookup)                                                           \
  X(get_metadata_list_size)                                                    \
  X(index_list_metadata)                                                       \
  X(get_metadata_string)                                                       \
  X(destroy_metadata)
#define X(name) decltype(&amd_comgr_##name) name = nullptr;
  FUNCTIONS(X)
#undef X
  std::string error; ///< why it cannot be used; empty where it can

  Comgr() {
    const char *chosen = std::getenv("TILEWRIGHT_COMGR");
    void *handle = nullptr;
    for (const char *file : {chosen && *chosen ? chosen : "libamd_comgr.so.3",
                             chosen && *chosen ? chosen : "libamd_comgr.so.2"})
      if (!handle)
        handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      const char *why = dlerror();
      error = std::string("cannot load libamd_comgr: ") +
              (why ? why : "no reason given") +
              "; install ROCm's comgr, or link with lld";
      return;
    }
    std::string missing;
#define X(name)                                                                \
  name = reinterpret_cast<decltype(name)>(dlsym(handle, "amd_comgr_" #name));  \
  missing += name ? "" : " amd_comgr_" #name;
    FUNCTIONS(X)
#undef X
    if (!missing.empty())
      error = "libamd_comgr is too old: it lacks" + missing;
  }

  /// Empty for success.
  std::string describe(amd_comgr_status_t status) const {
    if (status == AMD_COMGR_STATUS_SUCCESS)
      return {};
    const char *text = nullptr;
    status_string(status, &text);
    return text ? text : "unknown error";
  }
  std::string getVersion() const {
    size_t major = 0, minor = 0;
    get_version(&major, &minor);
    return std::to_string(major) + "." + std::to_string(minor);
  }
  bool hasIsa(const std::string &isa) const {
    size_t count = 0;
    get_isa_count(&count);
    for (size_t i = 0; i < count; ++i) {
      const char *name = nullptr;
      get_isa_name(i, &name);
      if (name && isa == name)
        return true;
    }
    return false;
  }
};

llvm::Expected<const Comgr *> getComgr() {
  static const Comgr comgr;
  if (!comgr.error.empty())
    return llvm::make_error<CodegenError>(comgr.error);
  return &comgr;
}

/// The bytes of the first datum of a kind in a set; empty where there is none.
std::string getFirst(const Comgr &comgr, amd_comgr_data_set_t set,
                     amd_comgr_data_kind_t kind) {
  size_t count = 0, bytes = 0;
  amd_comgr_data_t data;
  if (comgr.action_data_count(set, kind, &count) || count == 0 ||
      comgr.action_data_get_data(set, kind, 0, &data))
    return {};
  llvm::scope_exit release([&] { comgr.release_data(data); });
  if (comgr.get_data(data, &bytes, nullptr))
    return {};
  std::string result(bytes, '\0');
  if (comgr.get_data(data, &bytes, result.data()))
    return {};
  return result;
}

} // namespace

llvm::Expected<std::string> linkWithComgr(llvm::StringRef object,
                                          const ChipInfo &chip) {
  auto found = getComgr();
  if (!found)
    return found.takeError();
  const Comgr &comgr = **found;
  std::string isa = "amdgcn-amd-amdhsa--" + chip.cpu.str();
  if (!comgr.hasIsa(isa))
    return llvm::make_error<CodegenError>(
        "libamd_comgr " + comgr.getVersion() + " does not know '" +
        chip.cpu.str() + "'; link with lld, or install a newer ROCm");
  amd_comgr_data_t data;
  amd_comgr_data_set_t inputs, outputs;
  amd_comgr_action_info_t action;
  auto fail = [&](amd_comgr_status_t status) {
    return llvm::make_error<CodegenError>(
        "libamd_comgr cannot link a code object for '" + chip.name.str() +
        "': " + comgr.describe(status));
  };
  if (auto status = comgr.create_data(AMD_COMGR_DATA_KIND_RELOCATABLE, &data))
    return fail(status);
  llvm::scope_exit releaseData([&] { comgr.release_data(data); });
  if (auto status = comgr.create_data_set(&inputs))
    return fail(status);
  llvm::scope_exit releaseInputs([&] { comgr.destroy_data_set(inputs); });
  if (auto status = comgr.create_data_set(&outputs))
    return fail(status);
  llvm::scope_exit releaseOutputs([&] { comgr.destroy_data_set(outputs); });
  if (auto status = comgr.create_action_info(&action))
    return fail(status);
  llvm::scope_exit releaseAction([&] { comgr.destroy_action_info(action); });
  amd_comgr_status_t status =
      comgr.set_data(data, object.size(), object.data());
  if (!status)
    status = comgr.set_data_name(data, "kernel.o");
  if (!status)
    status = comgr.data_set_add(inputs, data);
  if (!status)
    status = comgr.action_info_set_isa_name(action, isa.c_str());
  if (!status)
    status = comgr.action_info_set_logging(action, true);
  if (status)
    return fail(status);
  status = comgr.do_action(AMD_COMGR_ACTION_LINK_RELOCATABLE_TO_EXECUTABLE,
                           action, inputs, outputs);
  if (status) {
    std::string log = getFirst(comgr, outputs, AMD_COMGR_DATA_KIND_LOG);
    return llvm::make_error<CodegenError>(
        "libamd_comgr cannot link a code object for '" + chip.name.str() +
        "': " + comgr.describe(status) + (log.empty() ? "" : ": " + log));
  }
  std::string result = getFirst(comgr, outputs, AMD_COMGR_DATA_KIND_EXECUTABLE);
  if (result.empty())
    return llvm::make_error<CodegenError>(
        "libamd_comgr linked no code object for '" + chip.name.str() + "'");
  return result;
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

namespace {

/// A node of comgr's metadata, released at the end.
class Node {
public:
  explicit Node(const Comgr &comgr) : comgr(comgr) {}
  ~Node() {
    if (isSet)
      comgr.destroy_metadata(node);
  }
  Node(const Node &) = delete;

  bool take(amd_comgr_status_t status) {
    return isSet = status == AMD_COMGR_STATUS_SUCCESS;
  }
  std::string getString() const {
    size_t bytes = 0;
    if (comgr.get_metadata_string(node, &bytes, nullptr))
      return {};
    std::string text(bytes, '\0');
    if (comgr.get_metadata_string(node, &bytes, text.data()))
      return {};
    return text.c_str(); // it counts the NUL byte
  }
  amd_comgr_metadata_node_t node = {};

private:
  const Comgr &comgr;
  bool isSet = false;
};

/// The text under `key` of a kernel's map; empty where there is none.
std::string lookUp(const Comgr &comgr, const Node &kernel, const char *key) {
  Node value(comgr);
  if (!value.take(comgr.metadata_lookup(kernel.node, key, &value.node)))
    return {};
  return value.getString();
}

} // namespace

llvm::Expected<ResourceUse> readResourcesWithComgr(llvm::StringRef codeObject,
                                                   llvm::StringRef symbol) {
  auto found = getComgr();
  if (!found)
    return found.takeError();
  const Comgr &comgr = **found;
  amd_comgr_data_t data;
  if (auto status = comgr.create_data(AMD_COMGR_DATA_KIND_EXECUTABLE, &data))
    return llvm::make_error<CodegenError>("libamd_comgr: " +
                                          comgr.describe(status));
  llvm::scope_exit release([&] { comgr.release_data(data); });
  auto status = comgr.set_data(data, codeObject.size(), codeObject.data());
  Node root(comgr), kernels(comgr);
  size_t count = 0;
  if (!status) {
    status = comgr.get_data_metadata(data, &root.node);
    root.take(status);
  }
  if (!status) {
    status = comgr.metadata_lookup(root.node, "amdhsa.kernels", &kernels.node);
    kernels.take(status);
  }
  if (!status)
    status = comgr.get_metadata_list_size(kernels.node, &count);
  if (status)
    return llvm::make_error<CodegenError>(
        "libamd_comgr cannot read the metadata of the code object: " +
        comgr.describe(status));
  for (size_t i = 0; i < count; ++i) {
    Node kernel(comgr);
    if (!kernel.take(
            comgr.index_list_metadata(kernels.node, i, &kernel.node)) ||
        lookUp(comgr, kernel, ".name") != symbol)
      continue;
    auto getNumber = [&](const char *key) -> std::optional<int64_t> {
      int64_t number;
      if (llvm::StringRef(lookUp(comgr, kernel, key)).getAsInteger(0, number))
        return std::nullopt;
      return number;
    };
    ResourceUse use;
    use.vgprs = getNumber(".vgpr_count");
    use.agprs = getNumber(".agpr_count");
    use.sgprs = getNumber(".sgpr_count");
    use.spills = getNumber(".vgpr_spill_count");
    if (auto more = getNumber(".sgpr_spill_count"))
      use.spills = use.spills.value_or(0) + *more;
    use.sharedBytes = getNumber(".group_segment_fixed_size").value_or(0);
    use.privateBytes = getNumber(".private_segment_fixed_size").value_or(0);
    return use;
  }
  return llvm::make_error<CodegenError>("the code object has no kernel '" +
                                        symbol.str() + "'");
}

} // namespace tilewright
