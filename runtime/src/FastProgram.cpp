// FastProgram.cpp - what a launch checks of a kernel's arguments, made once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "FastPrepare.h"
#include "Kernel.h"

using namespace tilewright::rt;

namespace {

class ProgramMaker {
public:
  explicit ProgramMaker(const TwKernelStorage &kernel) : kernel(kernel) {
    for (const GridNode &node : kernel.nodes)
      if (node.kind == GridNode::Symbol)
        used |= uint64_t(1) << node.value;
    uint64_t named = 0;
    for (const Argument &argument : kernel.arguments) {
      for (const Dim &dim : argument.dims)
        if (dim.symbol >= 0)
          used |= uint64_t(1) << dim.symbol;
      // Two scalars of one name are compared.
      uint64_t bit = argument.symbol < 0 ? 0 : uint64_t(1) << argument.symbol;
      used |= named & bit;
      named |= bit;
    }
  }

  /// False where something is not of the usual kind.
  bool make(FastProgram &program) {
    if (kernel.arguments.size() > kMostFastArguments || kernel.hasWorkspaces)
      return false;
    for (const Argument &argument : kernel.arguments) {
      FastArgument fast = {};
      fast.type = argument.type;
      fast.rank = argument.rank;
      fast.bytes = argument.elementBytes;
      fast.offset = uint32_t(argument.offset);
      bool isUsual = argument.kind == TW_SCALAR
                         ? addScalar(argument, fast)
                         : addArray(argument, fast, program);
      if (!isUsual)
        return false;
      program.arguments.push_back(fast);
    }
    for (const TensorMapRecipe &recipe : kernel.tensorMaps) {
      FastArgument &mapped = program.arguments[recipe.argument];
      mapped.kind = FastArgument::Strided;
      mapped.isMapped = true;
    }
    // The dimensions stay where they are now, also when the program moves.
    const FastDim *dims = program.dims.data();
    uint8_t numArrays = 0;
    for (FastArgument &fast : program.arguments) {
      if (&fast == program.arguments.data() || (&fast)[-1].kind != fast.kind)
        program.runs.push_back({getFastCheck(fast.kind), 0});
      ++program.runs.back().numArguments;
      if (fast.kind > FastArgument::Strided)
        continue;
      fast.dims = dims;
      fast.array = numArrays++;
      dims += fast.rank;
    }
    addDisjoint(program);
    program.hasExtents = addExtents(program);
    program.isUsable = true;
    return true;
  }

private:
  const TwKernelStorage &kernel;
  uint64_t used = 0; ///< symbols that sizes or the grid need, as bits
  /// Symbols that have their value, and what is known of it.
  uint64_t bound = 0;
  struct {
    int64_t low;
    uint64_t span;
    int64_t mask;
  } known[maxSymbols];

  bool isBound(int symbol) const {
    return symbol >= 0 && ((bound >> symbol) & 1);
  }

  /// `low`, `span` and `mask` are what is checked of the value.
  void bind(int symbol, int64_t low, uint64_t span, int64_t mask, uint8_t &read,
            uint8_t &write) {
    read = write = symbol < 0 ? kNoSymbol : uint8_t(symbol);
    if (symbol < 0)
      return;
    if (isBound(symbol)) {
      write = kNoSymbol;
      return;
    }
    bound |= uint64_t(1) << symbol;
    known[symbol] = {low, span, mask};
  }

  static FastArgument::Kind getScalarKind(TwElementType type, bool isUsed) {
    if (type == TW_F32)
      return FastArgument::Float32;
    if (type == TW_F64)
      return FastArgument::Float64;
    if (type < TW_I1)
      return FastArgument::OtherFloat;
    if (isUsed || (type != TW_I32 && type != TW_I64))
      return FastArgument::OtherInteger;
    return type == TW_I32 ? FastArgument::Int32 : FastArgument::Int64;
  }

  bool addScalar(const Argument &argument, FastArgument &fast) {
    // A divisor that is no power of two takes a division.
    if (argument.isFixed || argument.divisible.mask < 0)
      return false;
    bool isUsed = argument.symbol >= 0 && ((used >> argument.symbol) & 1);
    fast.kind = getScalarKind(argument.type, isUsed);
    fast.mask = argument.divisible.mask;
    if (argument.type == TW_I1) {
      fast.low = 0;
      fast.span = 1;
    } else if (fast.bytes < 8) {
      // As signed or as unsigned number of that many bits.
      fast.low = -(int64_t(1) << (8 * fast.bytes - 1));
      fast.span = (uint64_t(3) << (8 * fast.bytes - 1)) - 1;
    } else {
      fast.low = INT64_MIN;
      fast.span = UINT64_MAX;
    }
    bind(argument.symbol, fast.low, fast.span, fast.mask, fast.read,
         fast.write);
    return true;
  }

  bool addArray(const Argument &argument, FastArgument &fast,
                FastProgram &program) {
    if (argument.align.mask < 0)
      return false;
    fast.isContiguous = argument.isContiguous;
    fast.mask = argument.align.mask;
    bool hasStrides = !argument.isContiguous, hasStatic = false;
    // Where sizes and strides lie behind the address.
    uint16_t offset = 0, sizeOffsets[maxRank], strideOffsets[maxRank];
    for (size_t d = 0; d < argument.dims.size(); ++d)
      sizeOffsets[d] = argument.dims[d].size < 0 ? offset += 8 : 0;
    for (size_t d = 0; d < argument.dims.size(); ++d)
      strideOffsets[d] =
          hasStrides && argument.dims[d].stride < 0 ? offset += 8 : 0;
    for (size_t d = argument.dims.size(); d-- > 0;) {
      const Dim &dim = argument.dims[d];
      bool isStatic = dim.size >= 0;
      if (dim.sizeDivisor.mask < 0 || dim.strideDivisor.mask < 0 ||
          (isStatic && dim.size > dim.atMost))
        return false;
      FastDim fastDim = {};
      fastDim.sizeOffset = sizeOffsets[d];
      fastDim.strideOffset = strideOffsets[d];
      fastDim.low = isStatic ? dim.size : 0;
      fastDim.span = isStatic ? 0 : uint64_t(dim.atMost);
      fastDim.sizeMask = dim.sizeDivisor.mask;
      fastDim.strideMask = dim.strideDivisor.mask | INT64_MIN;
      fastDim.fixedMask = !argument.isContiguous && dim.stride >= 0 ? -1 : 0;
      fastDim.stride = dim.stride;
      // Where the size is that of another one, its checks are done there.
      fastDim.isBound = isBound(dim.symbol) && isKnown(dim.symbol, fastDim);
      bind(dim.symbol, fastDim.low, fastDim.span, fastDim.sizeMask,
           fastDim.read, fastDim.write);
      program.dims.push_back(fastDim);
      hasStrides |= dim.strideDivisor.mask != 0;
      hasStatic |= isStatic;
    }
    if (hasStrides)
      fast.kind = getStridedKind(argument);
    else
      fast.kind = fast.rank == 1 && !hasStatic ? FastArgument::Vector
                  : fast.rank == 2             ? FastArgument::Packed2
                                               : FastArgument::Packed;
    return true;
  }

  static FastArgument::Kind getStridedKind(const Argument &argument) {
    if (argument.isContiguous || argument.rank < 2 || argument.rank > 4)
      return FastArgument::Strided;
    const Dim &innermost = argument.dims.back();
    if (innermost.stride != 1 || innermost.strideDivisor.mask != 0)
      return FastArgument::Strided;
    for (const Dim &dim : argument.dims)
      if (dim.size >= 0 || (&dim != &innermost && dim.stride >= 0))
        return FastArgument::Strided;
    return argument.rank == 2   ? FastArgument::Rows2
           : argument.rank == 3 ? FastArgument::Rows3
                                : FastArgument::Rows4;
  }

  /// Whether what is known of the symbol is all that `dim` asks for.
  bool isKnown(int symbol, const FastDim &dim) const {
    auto &facts = known[symbol];
    return facts.low >= dim.low &&
           uint64_t(facts.low - dim.low) + facts.span <= dim.span &&
           facts.span <= uint64_t(INT64_MAX) && !(dim.sizeMask & ~facts.mask);
  }

  /// Few runs of arrays instead of pairs.
  void addDisjoint(FastProgram &program) const {
    uint32_t numbers[kMostFastArguments], numArrays = 0;
    for (size_t i = 0; i < kernel.arguments.size(); ++i)
      numbers[i] = kernel.arguments[i].kind == TW_ARRAY ? numArrays++ : 0;
    static_assert(kMostFastArguments <= 64, "bits of a row");
    uint64_t rows[kMostFastArguments] = {};
    for (AliasPair pair : kernel.aliasPairs) {
      uint32_t a = numbers[pair.noAlias], b = numbers[pair.other];
      rows[a] |= uint64_t(1) << b;
      rows[b] |= uint64_t(1) << a;
    }
    auto has = [&](uint32_t a, uint32_t b) { return (rows[a] >> b) & 1; };
    while (true) {
      FastDisjoint longest = {0, 0, 0};
      for (uint32_t a = 0; a < numArrays; ++a)
        for (uint32_t first = 0; first < numArrays; ++first) {
          uint32_t last = first;
          while (last < numArrays && has(a, last))
            ++last;
          if (last - first > longest.last - longest.first)
            longest = {a, first, last};
          first = last;
        }
      if (longest.first == longest.last)
        return;
      program.disjoint.push_back(longest);
      for (uint32_t b = longest.first; b < longest.last; ++b) {
        rows[longest.array] &= ~(uint64_t(1) << b);
        rows[b] &= ~(uint64_t(1) << longest.array);
      }
    }
  }

  /// False where an extent is more than a size divided by a power of two.
  bool addExtents(FastProgram &program) const {
    for (int root : kernel.extents) {
      const GridNode &node = kernel.nodes[size_t(root)];
      const GridNode &left = kernel.nodes[size_t(node.left)];
      FastExtent extent = {};
      if (node.kind == GridNode::Constant) {
        extent.isConstant = true;
        extent.constant = node.value;
      } else if (node.kind == GridNode::Symbol) {
        extent.read = uint8_t(node.value);
      } else if (node.kind == GridNode::CeilDiv && node.shift >= 0 &&
                 left.kind == GridNode::Symbol) {
        extent.read = uint8_t(left.value);
        extent.shift = uint8_t(node.shift);
      } else {
        return false;
      }
      program.extents.push_back(extent);
    }
    return true;
  }
};

} // namespace

void tilewright::rt::makeFastProgram(TwKernelStorage &kernel) {
  FastProgram program;
  if (ProgramMaker(kernel).make(program))
    kernel.fast = std::move(program);
}
