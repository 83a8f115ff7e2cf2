// Tile.h - the dialect `tile`: its types, attributes and ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_DIALECT_TILE_IR_TILE_H
#define TILEWRIGHT_DIALECT_TILE_IR_TILE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "tilewright/Layout/Layout.h"

#include <optional>
#include <string>

#include "tilewright/Dialect/Tile/IR/TileDialect.h.inc"
#include "tilewright/Dialect/Tile/IR/TileEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "tilewright/Dialect/Tile/IR/TileAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "tilewright/Dialect/Tile/IR/TileTypes.h.inc"

namespace tilewright::tile {

/// Tiles have at most this many elements.
constexpr int64_t kMaxTileElements = int64_t(1) << 30;

/// Whether `type` is one of the fp8 kinds that tiles may have.
bool isFp8Type(mlir::Type type);
/// Whether `type` is an element type of tiles; index is one.
bool isElementType(mlir::Type type);
/// Whether `type` is a tensor that is a tile, with or without a layout.
bool isTileTensorType(mlir::Type type);
/// Whether `type` is a tile or a scalar.
bool isTileType(mlir::Type type);
/// Whether `type` is a memref that a kernel may take.
bool isMemoryType(mlir::Type type);
/// Whether `type` may index a gather: index, or a tile of i32, i64, index.
bool isGatherIndexType(mlir::Type type);

/// Bytes of one element in memory; i1 has one, index eight.
int64_t getElementBytes(mlir::Type elementType);
/// Shape of a tile; a scalar has none.
llvm::ArrayRef<int64_t> getTileShape(mlir::Type type);
/// Number of elements of a tile; 1 for a scalar.
int64_t getTileElements(mlir::Type type);
/// `type` with the given shape and element type, without a layout; the element
/// type itself where the shape is empty.
mlir::Type getTileType(llvm::ArrayRef<int64_t> shape, mlir::Type elementType);
/// The layout of a tile, or null where it has none or is a scalar.
LayoutAttr getLayoutAttr(mlir::Type type);

/// ", did you mean 'x'?" with the one of `known` that is closest to `name`, or
/// nothing where none is close.
std::string suggestName(llvm::StringRef name,
                        llvm::ArrayRef<llvm::StringRef> known);

/// Shared memory of a workgroup, for memory effects.
struct SharedMemory : mlir::SideEffects::Resource::Base<SharedMemory> {
  llvm::StringRef getName() final { return "SharedMemory"; }
};

} // namespace tilewright::tile

#define GET_OP_CLASSES
#include "tilewright/Dialect/Tile/IR/TileOps.h.inc"

#endif // TILEWRIGHT_DIALECT_TILE_IR_TILE_H
