// TileAttrs.cpp - attributes of the dialect `tile`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::tile;

#include "tilewright/Dialect/Tile/IR/TileEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "tilewright/Dialect/Tile/IR/TileAttrs.cpp.inc"

void TileDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "tilewright/Dialect/Tile/IR/TileAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// LayoutAttr
//===----------------------------------------------------------------------===//

/// Parses `keyword = [[c, c], ...]`. All vectors of a layout have one rank,
/// which the first of them sets.
static ParseResult parseVectors(AsmParser &parser, StringRef keyword,
                                SmallVectorImpl<Coords> &vectors,
                                std::optional<unsigned> &rank) {
  if (parser.parseKeyword(keyword) || parser.parseEqual())
    return failure();
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square, [&]() -> ParseResult {
        SMLoc loc = parser.getCurrentLocation();
        Coords vector;
        auto parseCoordinate = [&]() -> ParseResult {
          return parser.parseInteger(vector.emplace_back());
        };
        if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                           parseCoordinate))
          return failure();
        if (!rank)
          rank = vector.size();
        if (vector.size() != *rank)
          return parser.emitError(loc)
                 << "expected a vector of " << *rank
                 << " coordinates like the first, but got " << vector.size();
        vectors.push_back(std::move(vector));
        return success();
      });
}

/// Parses `reg 3 dim 1`, `wave 2`.
static ParseResult parseRepeat(AsmParser &parser,
                               SmallVectorImpl<LayoutRepeat> &repeats) {
  LayoutRepeat repeat;
  StringRef unit;
  SMLoc loc = parser.getCurrentLocation();
  if (failed(parser.parseOptionalKeyword(&unit, {"reg", "wave"})))
    return parser.emitError(loc, "expected 'reg' or 'wave' before a repeat");
  repeat.unit = unit == "reg" ? LayoutUnit::Register : LayoutUnit::Wave;
  if (parser.parseInteger(repeat.count))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("dim"))) {
    SMLoc dimLoc = parser.getCurrentLocation();
    if (parser.parseInteger(repeat.dim))
      return failure();
    if (repeat.dim < 0)
      return parser.emitError(dimLoc)
             << "expected a dimension of at least 0, but got " << repeat.dim;
  }
  repeats.push_back(repeat);
  return success();
}

Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  SmallVector<Coords> reg, lane, wave;
  SmallVector<LayoutRepeat> repeats;
  std::optional<unsigned> rank;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parseVectors(parser, "reg", reg, rank) ||
      parser.parseComma() || parseVectors(parser, "lane", lane, rank) ||
      parser.parseComma() || parseVectors(parser, "wave", wave, rank))
    return {};
  if (succeeded(parser.parseOptionalComma())) {
    auto parseOne = [&]() { return parseRepeat(parser, repeats); };
    if (parser.parseKeyword("repeat") || parser.parseEqual() ||
        parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
      return {};
  }
  if (parser.parseGreater())
    return {};
  // Without any vector the repeats alone tell the rank.
  unsigned repeatRank = 0;
  for (const LayoutRepeat &repeat : repeats)
    repeatRank = std::max(repeatRank, static_cast<unsigned>(repeat.dim) + 1);
  std::string error;
  std::optional<Layout> layout =
      Layout::get(rank.value_or(repeatRank), reg, lane, wave, repeats, &error);
  if (!layout) {
    parser.emitError(loc) << "invalid layout: " << error;
    return {};
  }
  return LayoutAttr::get(parser.getContext(), *layout);
}

void LayoutAttr::print(AsmPrinter &printer) const {
  printer << '<';
  getLayout().print(printer.getStream());
  printer << '>';
}

LogicalResult
LayoutAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                           function_ref<InFlightDiagnostic()> emitError) const {
  // layout C1
  if (getLayout().getRank() != shape.size())
    return emitError() << "expected a layout of rank " << shape.size()
                       << " like the tensor, but got rank "
                       << getLayout().getRank();
  // layout C2
  if (ShapedType::isDynamicShape(shape))
    return emitError() << "expected a tensor of static shape with a layout";
  if (!getLayout().covers(shape)) {
    InFlightDiagnostic diag = emitError();
    diag << "expected a layout that covers shape ";
    llvm::interleave(shape, diag, "x");
    diag << ", but its padded shape is ";
    llvm::interleave(getLayout().getShape(), diag, "x");
    return diag;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// PaddedAttr
//===----------------------------------------------------------------------===//

LogicalResult PaddedAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> order, int64_t interval,
                                 int64_t pad) {
  // padded C1
  if (!isPermutationVector(order)) {
    InFlightDiagnostic diag = emitError();
    diag << "expected 'order' to be a permutation of the dimensions, but got [";
    llvm::interleaveComma(order, diag);
    return diag << "]";
  }
  // padded C2
  if (interval < 1)
    return emitError() << "expected 'interval' of at least 1, but got "
                       << interval;
  // padded C3
  if (pad < 0 || pad > 65536)
    return emitError() << "expected 'pad' of 0 to 65536, but got " << pad;
  return success();
}
