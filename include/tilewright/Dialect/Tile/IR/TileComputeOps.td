// TileComputeOps.td - ops that compute with tiles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_DIALECT_TILE_IR_TILECOMPUTEOPS_TD
#define TILEWRIGHT_DIALECT_TILE_IR_TILECOMPUTEOPS_TD

include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "tilewright/Dialect/Tile/IR/TileAttrs.td"

def Tile_MmaOp : Tile_Op<"mma", [Pure, AllTypesMatch<["acc", "result"]>]> {
  let summary = "Matrix multiply-accumulate of two tiles";
  let description = [{
    Computes `result[m, n] = acc[m, n] + sum over k of lhs[m, k] * rhs[k, n]`,
    summed in the element type of `acc`, in an unspecified order. Equal leading
    dimensions make a batch of such products.

    `allow_tf32` permits, and never requires, rounding f32 operands to tf32.
    `fast_accum` permits fp8 products to be summed with fewer bits than f32 has.
    `atom` names the matrix instruction, set by `tile-assign-layouts`.

    Constraints:
    - (C1) the operands have one rank, at least 2.
    - (C2) the operands have equal leading dimensions.
    - (C3) `lhs`, `rhs` and `acc` have the shapes `MxK`, `KxN` and `MxN`.
    - (C4) the element types of `lhs`, `rhs`, `acc` are f64, f64, f64; f32, f32,
      f32; f16, f16, f32; bf16, bf16, f32; any two of the fp8 kinds, f32; or i8,
      i8, i32 (signed).
    - (C5) `allow_tf32` only with f32 operands.
    - (C6) `fast_accum` only with fp8 operands.

    Lowered by `convert-tile-to-amdgpu`, `convert-tile-to-nvptx` and
    `convert-tile-to-host`.

    Example:
    ```mlir
    %d = tile.mma %a, %b, %c
        : tensor<64x32xf16>, tensor<32x64xf16>, tensor<64x64xf32>
    ```
  }];
  let arguments = (ins Tile_Tensor:$lhs, Tile_Tensor:$rhs, Tile_Tensor:$acc,
                       UnitAttr:$allow_tf32, UnitAttr:$fast_accum,
                       OptionalAttr<StrAttr>:$atom);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `,` $acc attr-dict
    `:` type($lhs) `,` type($rhs) `,` type($acc)
  }];
  let hasVerifier = 1;
}

def Tile_ConvertOp : Tile_Op<"convert", [Pure]> {
  let summary = "Convert between kinds of float";
  let description = [{
    Computes `result[p] = round(source[p])` from any float kind to any, the same
    one included, by the mode `rounding` (nearest, ties to even, by default).

    - A finite value whose rounded magnitude is too large gives NaN in
      f8E4M3FN and the FNUZ kinds and, in the others, infinity or the largest
      finite value as IEEE 754 says for the mode. With `saturate` it gives the
      largest finite value, and so does infinity.
    - NaN gives the canonical quiet NaN, with the sign where the kind has one.
    - -0 gives +0 in the FNUZ kinds.
    - A conversion to the same kind without `saturate` may be dropped, and NaN
      then stays as it is.

    `arith.extf` and `arith.truncf` mean the same with the defaults.

    Constraints:
    - (C1) `source` and `result` have floats as elements.
    - (C2) `source` and `result` have one shape.
    - (C3) `source` and `result` have one layout, or none.

    Lowered by `tile-expand-numerics`, and where the chip converts in hardware
    by `convert-tile-to-*`.

    Example:
    ```mlir
    %y = tile.convert %x {rounding = #tile.rounding<toward_zero>, saturate}
        : tensor<64xf32> to tensor<64xf8E4M3FN>
    ```
  }];
  let arguments = (ins Tile_Tile:$source,
      DefaultValuedAttr<Tile_RoundingAttr,
                        "::tilewright::tile::Rounding::NearestEven">:$rounding,
      UnitAttr:$saturate);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

class Tile_RegionOp<string mnemonic, list<Trait> traits = []>
    : Tile_Op<mnemonic, !listconcat([NoMemoryEffect, RecursivelySpeculatable,
                                     SingleBlock], traits)> {
  let extraClassDeclaration = [{
    /// The block of the region: its arguments are one value of each operand,
    /// then again one of each; `tile.yield` gives the combined values.
    ::mlir::Block &getCombiner() { return getRegion().front(); }
  }];
}

def Tile_ReduceOp : Tile_RegionOp<"reduce"> {
  let summary = "Combine the elements along an axis";
  let description = [{
    Computes `results[p] = operands[p, 0] o operands[p, 1] o ...` along `axis`,
    which is dropped; `o` is the region, which takes one element of each operand
    from the left and one of each from the right. The region must be
    associative and commutative; the order is not specified but the same in
    each run. `identity` gives, per operand, a value that leaves the other side
    unchanged. Reducing a tile of rank 1 gives scalars. The region may use
    scalars from outside.

    Constraints:
    - (C1) at least one operand, and all of one shape.
    - (C2) `axis` is a dimension of the operands.
    - (C3) `identity` has one attribute of each operand's element type.
    - (C4) one result per operand, of its element type and of its shape without
      `axis`.
    - (C5) the region takes two values of each operand's element type: first one
      of each for the left, then one of each for the right.
    - (C6) the region yields one value of each operand's element type.
    - (C7) the ops of the region have no memory effects and work on scalars.

    Lowered by `convert-tile-to-amdgpu`, `convert-tile-to-nvptx` and
    `convert-tile-to-host`.

    Example:
    ```mlir
    %s = tile.reduce %x axis 1 identity [0.0 : f32]
        : (tensor<64x128xf32>) -> (tensor<64xf32>) {
    ^bb0(%a: f32, %b: f32):
      %r = arith.addf %a, %b : f32
      tile.yield %r : f32
    }
    ```
  }];
  let arguments = (ins Variadic<Tile_Tensor>:$operands, I64Attr:$axis,
                       ArrayAttr:$identity);
  let results = (outs Variadic<Tile_Tile>:$results);
  let regions = (region SizedRegion<1>:$region);
  let assemblyFormat = [{
    $operands `axis` $axis `identity` $identity attr-dict
    `:` `(` type($operands) `)` `->` `(` type($results) `)` $region
  }];
  let hasRegionVerifier = 1;
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Tile_ScanOp : Tile_RegionOp<"scan"> {
  let summary = "Running combination of the elements along an axis";
  let description = [{
    Computes `results[p, i] = operands[p, 0] o ... o operands[p, i]` along
    `axis`, where `o` is the region, as in `tile.reduce`, but only associative:
    its left values come from the earlier positions. With `exclusive` the sum
    ends before `i` and starts with `identity`. With `reverse` the later
    positions come first.

    Constraints:
    - (C1) at least one operand, and all of one shape.
    - (C2) `axis` is a dimension of the operands.
    - (C3) `identity` has one attribute of each operand's element type.
    - (C4) one result per operand, of its type.
    - (C5) the region takes two values of each operand's element type: first one
      of each for the left, then one of each for the right.
    - (C6) the region yields one value of each operand's element type.
    - (C7) the ops of the region have no memory effects and work on scalars.

    Lowered by `convert-tile-to-amdgpu`, `convert-tile-to-nvptx` and
    `convert-tile-to-host`.

    Example:
    ```mlir
    %s = tile.scan %x axis 0 identity [0 : i32] {exclusive}
        : (tensor<128xi32>) -> (tensor<128xi32>) {
    ^bb0(%a: i32, %b: i32):
      %r = arith.addi %a, %b : i32
      tile.yield %r : i32
    }
    ```
  }];
  let arguments = (ins Variadic<Tile_Tensor>:$operands, I64Attr:$axis,
                       ArrayAttr:$identity, UnitAttr:$exclusive,
                       UnitAttr:$reverse);
  let results = (outs Variadic<Tile_Tensor>:$results);
  let regions = (region SizedRegion<1>:$region);
  let assemblyFormat = [{
    $operands `axis` $axis `identity` $identity attr-dict
    `:` `(` type($operands) `)` `->` `(` type($results) `)` $region
  }];
  let hasRegionVerifier = 1;
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "Repeat a tile along its dimensions of size 1";
  let description = [{
    Computes `result[p] = source[q]` with `q[d] = p[d]`, or 0 where the source
    has size 1. A scalar source fills the result.

    Constraints:
    - (C1) `source` and `result` have one element type.
    - (C2) the source is a scalar or has the rank of the result.
    - (C3) each dimension of the source is that of the result, or 1.

    Example:
    ```mlir
    %y = tile.broadcast %x : tensor<64x1xf32> to tensor<64x128xf32>
    %z = tile.broadcast %s : f32 to tensor<64x128xf32>
    ```
  }];
  let arguments = (ins Tile_Tile:$source);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_ReshapeOp : Tile_Op<"reshape", [Pure]> {
  let summary = "Give a tile another shape";
  let description = [{
    The elements in row-major order stay the same. A tile of one element and a
    scalar may be turned into each other.

    Constraints:
    - (C1) `source` and `result` have one element type.
    - (C2) `source` and `result` have equally many elements.

    Example:
    ```mlir
    %y = tile.reshape %x : tensor<64xf32> to tensor<64x1xf32>
    ```
  }];
  let arguments = (ins Tile_Tile:$source);
  let results = (outs Tile_Tile:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_TransposeOp : Tile_Op<"transpose", [Pure]> {
  let summary = "Permute the dimensions of a tile";
  let description = [{
    Dimension `i` of the result is dimension `permutation[i]` of the source:
    `result[p] = source[q]` with `q[permutation[i]] = p[i]`.

    Constraints:
    - (C1) `source` and `result` have one element type.
    - (C2) `permutation` is a permutation of the dimensions of the source.
    - (C3) the result has the permuted shape of the source.

    Example:
    ```mlir
    %y = tile.transpose %x [1, 0] : tensor<64x32xf32> to tensor<32x64xf32>
    ```
  }];
  let arguments = (ins Tile_Tensor:$source, DenseI64ArrayAttr:$permutation);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = [{
    $source $permutation attr-dict `:` type($source) `to` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_IotaOp : Tile_Op<"iota", [Pure]> {
  let summary = "Coordinates of the elements along a dimension";
  let description = [{
    Computes `result[p] = p[dim]`, modulo 2^bits of the element type.

    Constraints:
    - (C1) the element type is i8, i16, i32, i64 or index.
    - (C2) `dim` is a dimension of the result.

    Example:
    ```mlir
    %i = tile.iota dim 1 : tensor<64x128xi32>
    ```
  }];
  let arguments = (ins I64Attr:$dim);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = "`dim` $dim attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_ExtractSliceOp : Tile_Op<"extract_slice", [Pure]> {
  let summary = "Part of a tile at a constant offset";
  let description = [{
    Computes `result[p] = source[offsets + p]`.

    Constraints:
    - (C1) `source` and `result` have one element type.
    - (C2) `source` and `result` have one rank, and `offsets` as many entries.
    - (C3) the slice lies within the source in each dimension.

    Example:
    ```mlir
    %y = tile.extract_slice %x [0, 32] : tensor<64x128xf32> to tensor<64x32xf32>
    ```
  }];
  let arguments = (ins Tile_Tensor:$source, DenseI64ArrayAttr:$offsets);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = [{
    $source $offsets attr-dict `:` type($source) `to` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

#endif // TILEWRIGHT_DIALECT_TILE_IR_TILECOMPUTEOPS_TD
