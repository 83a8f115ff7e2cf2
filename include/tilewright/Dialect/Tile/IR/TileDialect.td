// TileDialect.td - the dialect `tile` and the type constraints of its ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_DIALECT_TILE_IR_TILEDIALECT_TD
#define TILEWRIGHT_DIALECT_TILE_IR_TILEDIALECT_TD

include "mlir/IR/OpBase.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::tilewright::tile";
  let summary = "Kernels on tiles, from shapes alone down to lanes and barriers";
  let description = [{
    The dialect has two levels.

    At the **block level** a value is a tile: a `tensor` of static shape, any
    dimension at least 1, or a scalar, which stands for a tile of rank 0. No op
    names a lane or a wave. Elementwise work is done by `arith` and `math`,
    control flow by `scf`; both are used as they are.

    At the **wave level** every tensor carries a `#tile.layout`, which says which
    register of which lane of which wave holds an element; shared memory, data
    movement between lanes and barriers are explicit.

    Element types are f64, f32, bf16, f16, f8E4M3FN, f8E5M2, f8E4M3FNUZ,
    f8E5M2FNUZ, i1, i8, i16, i32, i64 and, for values only, index (64 bits). In
    memory an i1 is one byte, 0 or 1.

    Within a workgroup memory operations behave as in program order. Kernel
    arguments may alias unless they are marked `tile.noalias`. Between
    workgroups only atomics order.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
    "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasCanonicalizer = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Names of the attributes that a kernel argument may carry.
    static constexpr ::llvm::StringLiteral getNameAttrName() {
      return "tile.name";
    }
    static constexpr ::llvm::StringLiteral getDimsAttrName() {
      return "tile.dims";
    }
    static constexpr ::llvm::StringLiteral getAlignAttrName() {
      return "tile.align";
    }
    static constexpr ::llvm::StringLiteral getDivisibleAttrName() {
      return "tile.divisible";
    }
    static constexpr ::llvm::StringLiteral getStrideDivisibleAttrName() {
      return "tile.stride_divisible";
    }
    static constexpr ::llvm::StringLiteral getNoAliasAttrName() {
      return "tile.noalias";
    }
    static constexpr ::llvm::StringLiteral getValueAttrName() {
      return "tile.value";
    }
    static constexpr ::llvm::StringLiteral getAtMostAttrName() {
      return "tile.at_most";
    }
    static constexpr ::llvm::StringLiteral getWorkspaceAttrName() {
      return "tile.workspace";
    }
    static constexpr ::llvm::StringLiteral getZeroedAttrName() {
      return "tile.zeroed";
    }
    /// Names of the attributes that passes set on a kernel.
    static constexpr ::llvm::StringLiteral getChipAttrName() {
      return "tile.chip";
    }
    static constexpr ::llvm::StringLiteral getScheduleAttrName() {
      return "tile.schedule";
    }
    static constexpr ::llvm::StringLiteral getSharedBytesAttrName() {
      return "tile.shared_bytes";
    }

    void registerAttributes();
    void registerTypes();
  }];
}

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Type constraints
//===----------------------------------------------------------------------===//

def Tile_Scalar : Type<CPred<"::tilewright::tile::isElementType($_self)">,
    "scalar of an element type">;

def Tile_Tensor : Type<CPred<"::tilewright::tile::isTileTensorType($_self)">,
    "tile (a tensor of static shape and of rank 1 or more, each dimension at "
    "least 1, at most 2^30 elements of an element type)",
    "::mlir::RankedTensorType">;

def Tile_Tile : Type<CPred<"::tilewright::tile::isTileType($_self)">,
    "tile (a tensor of static shape and of rank 1 or more, each dimension at "
    "least 1, at most 2^30 elements of an element type) or scalar">;

def Tile_MemRef : Type<CPred<"::tilewright::tile::isMemoryType($_self)">,
    "memref of an element type but index, contiguous or strided with offset 0, "
    "in the default memory space",
    "::mlir::MemRefType">;

def Tile_GatherIndex : Type<CPred<"::tilewright::tile::isGatherIndexType($_self)">,
    "index, or tile of i32, i64 or index">;

#endif // TILEWRIGHT_DIALECT_TILE_IR_TILEDIALECT_TD
