// TileMemoryOps.td - ops that read and write global memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_DIALECT_TILE_IR_TILEMEMORYOPS_TD
#define TILEWRIGHT_DIALECT_TILE_IR_TILEMEMORYOPS_TD

include "mlir/Dialect/Arith/IR/ArithBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "tilewright/Dialect/Tile/IR/TileAttrs.td"

def Tile_LoadOp : Tile_Op<"load", [AttrSizedOperandSegments]> {
  let summary = "Read a tile from a memref";
  let description = [{
    Computes `result[p] = memref[indices + p]`, where position `p` of the tile
    walks the dimensions `dims` of the memref; a dimension that is not named is
    read at its one index. The indices count elements. Where a coordinate is
    negative or not less than the size, the value is `padding`, by default zero.
    A scalar result is the one element at the indices.

    `dims` is by default the trailing dimensions. `cache` is a hint.

    Constraints:
    - (C1) one index per dimension of the memref.
    - (C2) the element type of the result is that of the memref.
    - (C3) `dims` names one dimension of the memref per dimension of the result.
    - (C4) `dims` is strictly increasing and within the rank of the memref.

    Lowered by `convert-tile-to-amdgpu`, `convert-tile-to-nvptx` and
    `convert-tile-to-host`.

    Example:
    ```mlir
    %t = tile.load %m[%i, %j] : memref<?x?xf16> -> tensor<64x32xf16>
    %u = tile.load %m[%i, %j] padding %p {dims = array<i64: 0>}
        : memref<?x?xf16> -> tensor<64xf16>
    %s = tile.load %m[%i, %j] : memref<?x?xf16> -> f16
    ```
  }];
  let arguments = (ins Arg<Tile_MemRef, "", [MemRead]>:$memref,
                       Variadic<Index>:$indices,
                       Optional<Tile_Scalar>:$padding,
                       OptionalAttr<DenseI64ArrayAttr>:$dims,
                       OptionalAttr<Tile_CacheAttr>:$cache);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = [{
    $memref `[` $indices `]` (`padding` $padding^)? attr-dict
    `:` custom<MemRefAndPadding>(ref($padding), type($memref), type($padding))
    `->` type($result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// The memref dimension that each dimension of the tile walks.
    ::llvm::SmallVector<int64_t> getWalkedDims();
    /// The hint, `Default` where there is none.
    ::tilewright::tile::Cache getCacheHint() {
      return getCache().value_or(::tilewright::tile::Cache::Default);
    }
  }];
}

def Tile_StoreOp : Tile_Op<"store"> {
  let summary = "Write a tile to a memref";
  let description = [{
    Does `memref[indices + p] = value[p]` for each position `p` whose
    coordinates are within the memref, and nothing for the others. Indices,
    `dims` and `cache` are those of `tile.load`.

    Constraints:
    - (C1) one index per dimension of the memref.
    - (C2) the element type of the value is that of the memref.
    - (C3) `dims` names one dimension of the memref per dimension of the value.
    - (C4) `dims` is strictly increasing and within the rank of the memref.

    Lowered by `convert-tile-to-amdgpu`, `convert-tile-to-nvptx` and
    `convert-tile-to-host`.

    Example:
    ```mlir
    tile.store %t, %m[%i, %j] : tensor<64x32xf16>, memref<?x?xf16>
    ```
  }];
  let arguments = (ins Tile_Tile:$value,
                       Arg<Tile_MemRef, "", [MemWrite]>:$memref,
                       Variadic<Index>:$indices,
                       OptionalAttr<DenseI64ArrayAttr>:$dims,
                       OptionalAttr<Tile_CacheAttr>:$cache);
  let assemblyFormat = [{
    $value `,` $memref `[` $indices `]` attr-dict
    `:` type($value) `,` type($memref)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The memref dimension that each dimension of the tile walks.
    ::llvm::SmallVector<int64_t> getWalkedDims();
    /// The hint, `Default` where there is none.
    ::tilewright::tile::Cache getCacheHint() {
      return getCache().value_or(::tilewright::tile::Cache::Default);
    }
  }];
}

def Tile_GatherOp : Tile_Op<"gather", [AttrSizedOperandSegments]> {
  let summary = "Read elements of a memref at computed coordinates";
  let description = [{
    Computes `result[p] = memref[c(0, p), c(1, p), ...]` with
    `c(d, p) = indices[d][p] + (walk[d] >= 0 ? p[walk[d]] : 0)`. An index is an
    `index` or a tile of the result's rank whose dimensions of size 1 are
    broadcast; for a scalar result it is a scalar. Where a coordinate is outside
    of the memref the value is `padding`, by default zero.

    Constraints:
    - (C1) one index per dimension of the memref.
    - (C2) the element type of the result is that of the memref.
    - (C3) an index tile has the rank of the result, and each of its dimensions
      is that of the result or 1.
    - (C4) `walk` has one entry per dimension of the memref.
    - (C5) an entry of `walk` is -1 or a dimension of the result.
    - (C6) where an entry of `walk` is not -1, that index is of type `index`.

    Lowered by `convert-tile-to-amdgpu`, `convert-tile-to-nvptx` and
    `convert-tile-to-host`.

    Example:
    ```mlir
    %t = tile.gather %m[%rows, %j] {walk = array<i64: -1, 1>}
        : memref<?x?xf16>, (tensor<64x1xi32>, index) -> tensor<64x32xf16>
    ```
  }];
  let arguments = (ins Arg<Tile_MemRef, "", [MemRead]>:$memref,
                       Variadic<Tile_GatherIndex>:$indices,
                       Optional<Tile_Scalar>:$padding,
                       OptionalAttr<DenseI64ArrayAttr>:$walk,
                       OptionalAttr<Tile_CacheAttr>:$cache);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = [{
    $memref `[` $indices `]` (`padding` $padding^)? attr-dict
    `:` custom<MemRefAndPadding>(ref($padding), type($memref), type($padding))
    `,` custom<TypesInParens>(type($indices)) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// The tile dimension that each memref dimension walks, or -1.
    ::llvm::SmallVector<int64_t> getWalkOrDefault();
  }];
}

def Tile_ScatterOp : Tile_Op<"scatter"> {
  let summary = "Write elements of a memref at computed coordinates";
  let description = [{
    Does `memref[c(0, p), c(1, p), ...] = value[p]` with the coordinates of
    `tile.gather`, for each position within the memref. Which of two positions
    that hit one element wins is not specified.

    Constraints:
    - (C1) one index per dimension of the memref.
    - (C2) the element type of the value is that of the memref.
    - (C3) an index tile has the rank of the value, and each of its dimensions
      is that of the value or 1.
    - (C4) `walk` has one entry per dimension of the memref.
    - (C5) an entry of `walk` is -1 or a dimension of the value.
    - (C6) where an entry of `walk` is not -1, that index is of type `index`.

    Lowered by `convert-tile-to-amdgpu`, `convert-tile-to-nvptx` and
    `convert-tile-to-host`.

    Example:
    ```mlir
    tile.scatter %t, %m[%rows, %j] {walk = array<i64: -1, 1>}
        : tensor<64x32xf16>, memref<?x?xf16>, (tensor<64x1xi32>, index)
    ```
  }];
  let arguments = (ins Tile_Tile:$value,
                       Arg<Tile_MemRef, "", [MemWrite]>:$memref,
                       Variadic<Tile_GatherIndex>:$indices,
                       OptionalAttr<DenseI64ArrayAttr>:$walk);
  let assemblyFormat = [{
    $value `,` $memref `[` $indices `]` attr-dict
    `:` type($value) `,` type($memref) `,` custom<TypesInParens>(type($indices))
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The tile dimension that each memref dimension walks, or -1.
    ::llvm::SmallVector<int64_t> getWalkOrDefault();
  }];
}

def Tile_AtomicRMWOp : Tile_Op<"atomic_rmw",
    [AllTypesMatch<["value", "result"]>]> {
  let summary = "Update elements of a memref atomically";
  let description = [{
    For each position `p` whose coordinates, those of `tile.gather`, are within
    the memref, replaces `old = memref[...]` by `kind(old, value[p])` in one
    step and returns `result[p] = old`; elsewhere returns zero. Two positions
    that hit one element are both done, in an unspecified order.

    `ordering` is by default relaxed, `scope` the device.

    Constraints:
    - (C1) one index per dimension of the memref.
    - (C2) the element type of the value is that of the memref.
    - (C3) an index tile has the rank of the value, and each of its dimensions
      is that of the value or 1.
    - (C4) `walk` has one entry per dimension of the memref.
    - (C5) an entry of `walk` is -1 or a dimension of the value.
    - (C6) where an entry of `walk` is not -1, that index is of type `index`.
    - (C7) `kind` is not mulf or muli.
    - (C8) `kind` fits the element type: floats for addf, maximumf, maxnumf,
      minimumf and minnumf, integers for the others, any for assign.

    Lowered by `convert-tile-to-amdgpu`, `convert-tile-to-nvptx` and
    `convert-tile-to-host`.

    Example:
    ```mlir
    %old = tile.atomic_rmw addi %one, %counts[%bin]
        {ordering = #tile.ordering<acq_rel>, scope = #tile.scope<system>}
        : tensor<256xi32>, memref<?xi32>, (tensor<256xi32>)
    ```
  }];
  let arguments = (ins AtomicRMWKindAttr:$kind, Tile_Tile:$value,
      Arg<Tile_MemRef, "", [MemRead, MemWrite]>:$memref,
      Variadic<Tile_GatherIndex>:$indices,
      OptionalAttr<DenseI64ArrayAttr>:$walk,
      DefaultValuedAttr<Tile_OrderingAttr,
                        "::tilewright::tile::Ordering::Relaxed">:$ordering,
      DefaultValuedAttr<Tile_ScopeAttr,
                        "::tilewright::tile::Scope::Device">:$scope);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = [{
    $kind $value `,` $memref `[` $indices `]` attr-dict
    `:` type($value) `,` type($memref) `,` custom<TypesInParens>(type($indices))
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The tile dimension that each memref dimension walks, or -1.
    ::llvm::SmallVector<int64_t> getWalkOrDefault();
  }];
}

#endif // TILEWRIGHT_DIALECT_TILE_IR_TILEMEMORYOPS_TD
