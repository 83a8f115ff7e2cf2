// TileOps.cpp - what mlir-tblgen makes of the ops of `tile`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::tile;

/// The type of the padding is not written: it is the memref's element type.
static ParseResult
parseMemRefAndPadding(OpAsmParser &parser,
                      std::optional<OpAsmParser::UnresolvedOperand> padding,
                      Type &memref, Type &paddingType) {
  if (parser.parseType(memref))
    return failure();
  if (padding)
    paddingType = getElementTypeOrSelf(memref);
  return success();
}

static void printMemRefAndPadding(OpAsmPrinter &printer, Operation *, Value,
                                  Type memref, Type) {
  printer << memref;
}

/// Types in parentheses, which may be none.
static ParseResult parseTypesInParens(OpAsmParser &parser,
                                      SmallVectorImpl<Type> &types) {
  return parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, [&]() {
    return parser.parseType(types.emplace_back());
  });
}

static void printTypesInParens(OpAsmPrinter &printer, Operation *,
                               TypeRange types) {
  printer << '(' << types << ')';
}

#define GET_OP_CLASSES
#include "tilewright/Dialect/Tile/IR/TileOps.cpp.inc"
