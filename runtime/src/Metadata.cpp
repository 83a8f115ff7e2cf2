// Metadata.cpp - reads the JSON that describes a kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#define JSON_NOEXCEPTION 1
#include "Kernel.h"
#include "Support.h"
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

using namespace tilewright::rt;
using Json = nlohmann::json;

namespace {

constexpr int64_t maxBytes = int64_t(1) << 40;

/// Reads one JSON document; the first problem is kept, later calls do nothing.
class Reader {
public:
  explicit Reader(TwKernelStorage &kernel) : kernel(kernel) {}

  TwStatus read(const char *text) {
    Json root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (root.is_discarded())
      return fail(TW_CORRUPT, "the metadata is not valid JSON");
    readRoot(root);
    return status;
  }

private:
  TwKernelStorage &kernel;
  TwStatus status = nullptr;

  void expect(const std::string &path, const char *what) {
    if (!status)
      status = fail(TW_CORRUPT, "metadata: ", path, ": expected ", what);
  }

  /// The member `key` of `object`, or null (with an error if `isRequired`).
  const Json *find(const Json &object, const std::string &path, const char *key,
                   bool isRequired = true) {
    if (status)
      return nullptr;
    if (!object.is_object()) {
      expect(path, "an object");
      return nullptr;
    }
    auto it = object.find(key);
    if (it != object.end() && !it->is_null())
      return &*it;
    if (isRequired)
      expect(path + "/" + key, "a value");
    return nullptr;
  }

  std::string getString(const Json &object, const std::string &path,
                        const char *key) {
    const Json *value = find(object, path, key);
    if (!value)
      return "";
    if (!value->is_string()) {
      expect(path + "/" + key, "a string");
      return "";
    }
    return value->get_ref<const std::string &>();
  }

  /// Leaves `result` as it is where that is an error.
  bool toInteger(const Json &value, const std::string &path, int64_t low,
                 int64_t high, int64_t &result) {
    bool isGood = value.is_number_integer() &&
                  (!value.is_number_unsigned() ||
                   value.get<uint64_t>() <= uint64_t(INT64_MAX));
    if (isGood) {
      auto number = value.get<int64_t>();
      isGood = number >= low && number <= high;
      if (isGood)
        result = number;
    }
    if (!isGood)
      expect(path, ("an integer in [" + std::to_string(low) + ", " +
                    std::to_string(high) + "]")
                       .c_str());
    return isGood;
  }

  int64_t getInteger(const Json &object, const std::string &path,
                     const char *key, int64_t low, int64_t high,
                     std::optional<int64_t> fallback = std::nullopt) {
    const Json *value = find(object, path, key, !fallback);
    int64_t result = fallback.value_or(0);
    if (value)
      toInteger(*value, path + "/" + key, low, high, result);
    return result;
  }

  bool getBool(const Json &object, const std::string &path, const char *key,
               bool fallback) {
    const Json *value = find(object, path, key, false);
    if (!value)
      return fallback;
    if (!value->is_boolean()) {
      expect(path + "/" + key, "true or false");
      return fallback;
    }
    return value->get<bool>();
  }

  /// An array of `count` integers, each at least `low`, or null for `null`
  /// members; all `fallback` where the key is absent.
  std::vector<int64_t> getIntegers(const Json &object, const std::string &path,
                                   const char *key, size_t count, int64_t low,
                                   int64_t fallback) {
    std::vector<int64_t> result(count, fallback);
    const Json *value = find(object, path, key, false);
    if (!value)
      return result;
    std::string here = path + "/" + key;
    if (!value->is_array() || value->size() != count) {
      expect(here, ("an array of " + std::to_string(count)).c_str());
      return result;
    }
    for (size_t i = 0; i < count; ++i)
      if (!(*value)[i].is_null())
        toInteger((*value)[i], here + "/" + std::to_string(i), low, INT64_MAX,
                  result[i]);
    return result;
  }

  /// Index of the symbol `name`, added if it is new.
  int getSymbol(const std::string &name) {
    auto it = std::find(kernel.symbols.begin(), kernel.symbols.end(), name);
    if (it != kernel.symbols.end())
      return it - kernel.symbols.begin();
    if (kernel.symbols.size() == maxSymbols) {
      expect("/abi/args",
             ("at most " + std::to_string(maxSymbols) + " names of sizes")
                 .c_str());
      return -1;
    }
    kernel.symbols.push_back(name);
    return kernel.symbols.size() - 1;
  }

  void readRoot(const Json &root) {
    if (getInteger(root, "", "version", 0, INT64_MAX) != 1 && !status) {
      status = fail(TW_UNSUPPORTED, "the metadata has another version than 1");
      return;
    }
    kernel.name = getString(root, "", "kernel");
    kernel.variant = getString(root, "", "variant");
    kernel.chip = getString(root, "", "chip");
    kernel.symbol = getString(root, "", "symbol");
    kernel.sharedBytes = getInteger(root, "", "shared_bytes", 0, maxBytes, 0);
    kernel.scratchBytes = getInteger(root, "", "scratch_bytes", 0, maxBytes, 0);
    readWorkgroup(root);
    if (const Json *abi = find(root, "", "abi"))
      readAbi(*abi);
    if (const Json *grid = find(root, "", "grid"))
      readGrid(*grid);
    if (const Json *abi = find(root, "", "abi"))
      readWorkspaces(*abi);
    readTensorMaps(root);
    collectAliasPairs();
  }

  void readWorkgroup(const Json &root) {
    std::vector<int64_t> workgroup =
        getIntegers(root, "", "workgroup", 3, 1, 1);
    for (size_t i = 0; i < 3; ++i) {
      kernel.workgroup[i] = workgroup[i];
      kernel.workgroupThreads *= std::min<int64_t>(workgroup[i], 4096);
    }
    kernel.waveLanes = getInteger(root, "", "wave_size", 0, maxBytes, -1);
    kernel.privateBytes =
        getInteger(root, "", "private_bytes", 0, maxBytes, -1);
    const Json *registers = find(root, "", "registers", false);
    if (!registers)
      return;
    auto get = [&](const char *key) {
      return getInteger(*registers, "/registers", key, 0, maxBytes, -1);
    };
    kernel.vectorRegisters = get("vgpr");
    kernel.accumulationRegisters = get("agpr");
    kernel.scalarRegisters = get("sgpr");
    kernel.spills = get("spills");
  }

  void readAbi(const Json &abi) {
    kernel.kernargBytes = getInteger(abi, "/abi", "bytes", 0, 65536);
    const Json *list = find(abi, "/abi", "args");
    if (!list)
      return;
    if (!list->is_array() || list->size() > maxArguments)
      return expect("/abi/args", "an array of at most 1024 arguments");
    for (size_t i = 0; i < list->size() && !status; ++i)
      readArgument((*list)[i], "/abi/args/" + std::to_string(i));
    // A grid symbol may be a scalar: bind those that are integers.
    for (Argument &argument : kernel.arguments)
      if (argument.kind == TW_SCALAR && argument.type >= TW_I1)
        argument.symbol = getSymbol(argument.name);
  }

  void readArgument(const Json &json, const std::string &path) {
    Argument argument;
    argument.name = getString(json, path, "name");
    std::string kind = getString(json, path, "kind");
    std::string type = getString(json, path, "type");
    if (status)
      return;
    if (TwStatus bad = twElementTypeParse(type.c_str(), &argument.type)) {
      twStatusDestroy(bad);
      return expect(path + "/type", "an element type");
    }
    size_t bytes = twElementTypeGetBytes(argument.type);
    argument.elementBytes = bytes;
    argument.offset = getInteger(json, path, "offset", 0, 65536);
    if (kind == "memref") {
      argument.kind = TW_ARRAY;
      readArray(json, path, argument);
      bytes = 8;
      for (const Dim &dim : argument.dims) {
        bytes += dim.size < 0 ? 8 : 0;
        bytes += !argument.isContiguous && dim.stride < 0 ? 8 : 0;
      }
    } else if (kind == "scalar") {
      argument.divisible = getInteger(json, path, "divisible", 1, INT64_MAX, 1);
      readFixedValue(json, path, argument);
    } else {
      return expect(path + "/kind", "\"memref\" or \"scalar\"");
    }
    if (status)
      return;
    if (argument.offset + bytes > kernel.kernargBytes)
      return expect(path + "/offset", "an offset within the kernarg bytes");
    // All but the first are 8 bytes each.
    for (size_t at = 0; at < bytes; at += 8)
      kernel.parameterOffsets.push_back(uint32_t(argument.offset + at));
    kernel.arguments.push_back(std::move(argument));
  }

  /// A number, or the bits as "0x...".
  void readFixedValue(const Json &json, const std::string &path,
                      Argument &argument) {
    const Json *value = find(json, path, "value", false);
    if (!value)
      return;
    argument.isFixed = true;
    uint64_t mask =
        ~uint64_t(0) >> (64 - 8 * twElementTypeGetBytes(argument.type));
    int64_t integer = 0;
    if (value->is_string()) {
      const std::string &text = value->get_ref<const std::string &>();
      char *end = nullptr;
      argument.fixedBits = std::strtoull(text.c_str(), &end, 16) & mask;
      if (text.compare(0, 2, "0x") != 0 || text.size() < 3 || *end)
        expect(path + "/value", "a number, or bits as \"0x...\"");
    } else if (argument.type < TW_I1 && value->is_number()) {
      argument.fixedBits =
          twEncodeFloat(argument.type, value->get<double>()) & mask;
    } else if (toInteger(*value, path + "/value", INT64_MIN, INT64_MAX,
                         integer)) {
      argument.fixedBits = uint64_t(integer) & mask;
    }
  }

  /// Which arrays a launch compares.
  void collectAliasPairs() {
    const std::vector<Argument> &arguments = kernel.arguments;
    for (size_t i = 0; i < arguments.size(); ++i)
      for (size_t j = 0; j < arguments.size(); ++j) {
        bool isArray =
            arguments[i].kind == TW_ARRAY && arguments[j].kind == TW_ARRAY;
        // Two that say so are one pair.
        bool isFirst = i < j || !arguments[j].isNoAlias;
        if (i != j && isArray && arguments[i].isNoAlias && isFirst &&
            (arguments[i].isWritten || arguments[j].isWritten))
          kernel.aliasPairs.push_back({uint32_t(i), uint32_t(j)});
      }
  }

  void readArray(const Json &json, const std::string &path,
                 Argument &argument) {
    size_t rank = getInteger(json, path, "rank", 0, maxRank);
    argument.rank = rank;
    argument.sizes = getIntegers(json, path, "sizes", rank, 0, -1);
    argument.isContiguous = getBool(json, path, "contiguous", false);
    argument.align =
        std::max(getInteger(json, path, "align", 1, int64_t(1) << 30, 1),
                 argument.elementBytes);
    argument.isNoAlias = getBool(json, path, "noalias", false);
    argument.isWritten = getBool(json, path, "written", true);
    std::vector<int64_t> strides =
        getIntegers(json, path, "strides", rank, 0, -1);
    std::vector<int64_t> divisible =
        getIntegers(json, path, "divisible", rank, 1, 1);
    std::vector<int64_t> strideDivisible =
        getIntegers(json, path, "stride_divisible", rank, 1, 1);
    std::vector<int64_t> atMost =
        getIntegers(json, path, "at_most", rank, 0, INT64_MAX);
    if (status)
      return;
    argument.dims.resize(rank);
    for (size_t i = 0; i < rank; ++i) {
      Dim &dim = argument.dims[i];
      dim.size = argument.sizes[i];
      dim.stride = strides[i];
      dim.sizeDivisor = divisible[i];
      dim.atMost = atMost[i];
      dim.strideDivisor = strideDivisible[i];
      argument.hasStrideDivisors |= strideDivisible[i] != 1;
    }
    const Json *dims = find(json, path, "dims", false);
    if (!dims)
      return;
    if (!dims->is_array() || dims->size() != rank)
      return expect(path + "/dims", "one name per dimension");
    for (size_t i = 0; i < rank; ++i) {
      if (!(*dims)[i].is_string())
        return expect(path + "/dims", "one name per dimension");
      const std::string &name = (*dims)[i].get_ref<const std::string &>();
      if (!name.empty())
        argument.dims[i].symbol = getSymbol(name);
    }
  }

  void readTensorMaps(const Json &root) {
    const Json *list = find(root, "", "tensor_maps", false);
    if (!list)
      return;
    if (!list->is_array() || list->size() > maxArguments)
      return expect("/tensor_maps", "an array of at most 1024 tensor maps");
    for (size_t i = 0; i < list->size() && !status; ++i)
      readTensorMap((*list)[i], "/tensor_maps/" + std::to_string(i));
  }

  void readTensorMap(const Json &json, const std::string &path) {
    static std::atomic<uint64_t> numRecipes{0};
    TensorMapRecipe recipe;
    recipe.id = numRecipes.fetch_add(1) + 1;
    int64_t index = getInteger(json, path, "argument", 0,
                               int64_t(kernel.arguments.size()) - 1);
    recipe.offset = getInteger(json, path, "offset", 0, 65536);
    if (status)
      return;
    const Argument &argument = kernel.arguments[index];
    if (argument.kind != TW_ARRAY || argument.rank < 1 ||
        argument.rank > TensorMapRecipe::kMostRank)
      return expect(path + "/argument", "an array of 1 to 5 dimensions");
    recipe.argument = uint32_t(index);
    if (recipe.offset % TensorMapRecipe::kAlignment ||
        recipe.offset + TensorMapRecipe::kBytes > kernel.kernargBytes)
      return expect(path + "/offset",
                    "a multiple of 64, with 128 bytes of kernarg");
    size_t rank = size_t(argument.rank);
    for (int64_t size : getIntegers(json, path, "box", rank, 1, 1))
      if (size > TensorMapRecipe::kMostBox)
        expect(path + "/box", "sizes of at most 256");
      else
        recipe.box.push_back(uint32_t(size));
    for (int64_t stride :
         getIntegers(json, path, "element_strides", rank, 1, 1))
      if (stride > 8)
        expect(path + "/element_strides", "strides of at most 8");
      else
        recipe.elementStrides.push_back(uint32_t(stride));
    recipe.swizzleBytes = getInteger(json, path, "swizzle", 0, 128, 0);
    recipe.promotionBytes = getInteger(json, path, "l2_promotion", 0, 256, 0);
    recipe.fillsNan = getBool(json, path, "fills_nan", false);
    for (int64_t bytes : {recipe.swizzleBytes / 32, recipe.promotionBytes / 64})
      if (bytes & (bytes - 1))
        expect(path, "a swizzle of 0, 32, 64 or 128 bytes, and a promotion of "
                     "0, 64, 128 or 256");
    if (recipe.swizzleBytes % 32 || recipe.promotionBytes % 64)
      expect(path, "a swizzle of 0, 32, 64 or 128 bytes, and a promotion of 0, "
                   "64, 128 or 256");
    kernel.tensorMaps.push_back(std::move(recipe));
  }

  /// The bytes of workspaces: when all sizes have their names.
  void readWorkspaces(const Json &abi) {
    const Json *list = find(abi, "/abi", "args");
    for (size_t i = 0; list && i < kernel.arguments.size() && !status; ++i) {
      std::string path = "/abi/args/" + std::to_string(i);
      Argument &argument = kernel.arguments[i];
      const Json *bytes = find((*list)[i], path, "workspace", false);
      if (!bytes || argument.kind != TW_ARRAY)
        continue;
      argument.workspace = readNode(*bytes, path + "/workspace", 0);
      argument.isZeroed = getBool((*list)[i], path, "zeroed", false);
      kernel.hasWorkspaces = true;
    }
  }

  void readGrid(const Json &grid) {
    const Json *exprs = find(grid, "/grid", "exprs");
    if (!exprs)
      return;
    if (!exprs->is_array() || exprs->size() > 3)
      return expect("/grid/exprs", "at most 3 expressions");
    for (size_t i = 0; i < exprs->size() && !status; ++i)
      kernel.extents.push_back(
          readNode((*exprs)[i], "/grid/exprs/" + std::to_string(i), 0));
  }

  int addNode(GridNode node) {
    kernel.nodes.push_back(node);
    return kernel.nodes.size() - 1;
  }

  /// The logarithm of what a node divides by, if that is a power of two.
  int getShift(const GridNode &node) const {
    const GridNode &right = kernel.nodes[node.right];
    bool isPower = node.kind >= GridNode::Mod &&
                   right.kind == GridNode::Constant && right.value > 0 &&
                   (right.value & (right.value - 1)) == 0;
    return isPower ? __builtin_ctzll(uint64_t(right.value)) : -1;
  }

  int readNode(const Json &json, const std::string &path, int depth) {
    if (status)
      return 0;
    if (depth > 32 || kernel.nodes.size() > 1024) {
      expect(path, "a smaller expression");
      return 0;
    }
    GridNode node{};
    if (json.is_number()) {
      node.kind = GridNode::Constant;
      toInteger(json, path, INT64_MIN, INT64_MAX, node.value);
      return addNode(node);
    }
    if (json.is_string()) {
      const std::string &name = json.get_ref<const std::string &>();
      auto it = std::find(kernel.symbols.begin(), kernel.symbols.end(), name);
      if (it == kernel.symbols.end())
        expect(path, "the name of a size or of an integer argument");
      node.kind = GridNode::Symbol;
      node.value = it - kernel.symbols.begin();
      return addNode(node);
    }
    if (!json.is_array() || json.size() != 3 || !json[0].is_string()) {
      expect(path, "a number, a name, or [operator, left, right]");
      return 0;
    }
    const std::pair<const char *, GridNode::Kind> operators[] = {
        {"add", GridNode::Add},
        {"mul", GridNode::Mul},
        {"mod", GridNode::Mod},
        {"floordiv", GridNode::FloorDiv},
        {"ceildiv", GridNode::CeilDiv}};
    const std::string &name = json[0].get_ref<const std::string &>();
    for (auto [text, kind] : operators) {
      if (name != text)
        continue;
      node.kind = kind;
      node.left = readNode(json[1], path + "/1", depth + 1);
      node.right = readNode(json[2], path + "/2", depth + 1);
      if (status)
        return 0;
      node.shift = getShift(node);
      return addNode(node);
    }
    expect(path + "/0", "add, mul, mod, floordiv or ceildiv");
    return 0;
  }
};

} // namespace

static void describeDims(TwKernelStorage &kernel) {
  for (Argument &argument : kernel.arguments)
    for (const Dim &dim : argument.dims)
      argument.dimInfos.push_back(
          {dim.symbol < 0 ? "" : kernel.symbols[size_t(dim.symbol)].c_str(),
           dim.size, dim.stride, dim.sizeDivisor.value, dim.strideDivisor.value,
           dim.atMost});
}

TwStatus twKernelCreate(const char *metadata, TwKernel *kernel) {
  if (!metadata || !kernel)
    return fail(TW_INVALID_ARGUMENT,
                "expected metadata and a place for a kernel");
  *kernel = nullptr;
  auto result = std::make_unique<TwKernelStorage>();
  if (TwStatus status = Reader(*result).read(metadata))
    return status;
  // Whole words, as twKernelGetKernargBytes says.
  result->kernargBytes = (result->kernargBytes + 7) / 8 * 8;
  describeDims(*result);
  makeFastProgram(*result);
  *kernel = result.release();
  return nullptr;
}

void twKernelDestroy(TwKernel kernel) { delete kernel; }

const char *twKernelGetName(TwKernel kernel) {
  return kernel ? kernel->name.c_str() : "";
}
const char *twKernelGetVariant(TwKernel kernel) {
  return kernel ? kernel->variant.c_str() : "";
}
const char *twKernelGetChip(TwKernel kernel) {
  return kernel ? kernel->chip.c_str() : "";
}
const char *twKernelGetSymbol(TwKernel kernel) {
  return kernel ? kernel->symbol.c_str() : "";
}
size_t twKernelGetNumArguments(TwKernel kernel) {
  return kernel ? kernel->arguments.size() : 0;
}
size_t twKernelGetKernargBytes(TwKernel kernel) {
  return kernel ? kernel->kernargBytes : 0;
}
int64_t twKernelGetWorkgroupThreads(TwKernel kernel) {
  return kernel ? kernel->workgroupThreads : 0;
}
int64_t twKernelGetSharedBytes(TwKernel kernel) {
  return kernel ? kernel->sharedBytes : 0;
}
int64_t twKernelGetScratchBytes(TwKernel kernel) {
  return kernel ? kernel->scratchBytes : 0;
}

TwStatus twKernelGetLaunchInfo(TwKernel kernel, TwLaunchInfo *info) {
  if (!kernel || !info)
    return fail(TW_INVALID_ARGUMENT,
                "expected a kernel and a place for what its launches have");
  *info = {};
  std::copy_n(kernel->workgroup, 3, info->workgroup);
  info->waveLanes = kernel->waveLanes;
  info->sharedBytes = kernel->sharedBytes;
  info->scratchBytes = kernel->scratchBytes;
  info->privateBytes = kernel->privateBytes;
  info->kernargBytes = kernel->kernargBytes;
  info->numGridDims = kernel->extents.size();
  for (const Argument &argument : kernel->arguments)
    info->numWorkspaces += argument.workspace >= 0;
  info->numTensorMaps = kernel->tensorMaps.size();
  info->vectorRegisters = kernel->vectorRegisters;
  info->accumulationRegisters = kernel->accumulationRegisters;
  info->scalarRegisters = kernel->scalarRegisters;
  info->spills = kernel->spills;
  return nullptr;
}

TwStatus twKernelGetArgument(TwKernel kernel, size_t index,
                             TwArgumentInfo *info) {
  if (!kernel || !info)
    return fail(TW_INVALID_ARGUMENT,
                "expected a kernel and a place for an argument");
  if (index >= kernel->arguments.size())
    return fail(TW_INVALID_ARGUMENT, "expected an argument below ",
                int64_t(kernel->arguments.size()), ", but got ",
                int64_t(index));
  const Argument &argument = kernel->arguments[index];
  *info = {};
  info->name = argument.name.c_str();
  info->kind = argument.kind;
  info->type = argument.type;
  info->rank = argument.rank;
  info->sizes = argument.sizes.data();
  info->isWritten = argument.isWritten;
  info->offset = argument.offset;
  info->align = argument.align.value;
  info->isWorkspace = argument.workspace >= 0;
  info->dims = argument.dimInfos.data();
  info->isContiguous = argument.isContiguous;
  info->isNoAlias = argument.isNoAlias;
  info->divisor = argument.divisible.value;
  info->isFixed = argument.isFixed;
  return nullptr;
}
