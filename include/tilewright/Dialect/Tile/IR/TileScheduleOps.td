// TileScheduleOps.td - ops of the wave level.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_DIALECT_TILE_IR_TILESCHEDULEOPS_TD
#define TILEWRIGHT_DIALECT_TILE_IR_TILESCHEDULEOPS_TD

include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "tilewright/Dialect/Tile/IR/TileTypes.td"

def Tile_SharedMemory : Resource<"::tilewright::tile::SharedMemory">;

def Tile_RelayoutOp : Tile_Op<"relayout", [Pure]> {
  let summary = "Give a tile another layout";
  let description = [{
    Computes `result[p] = source[p]`; the elements move between registers, lanes
    and waves.

    Constraints:
    - (C1) `source` and `result` have one shape and element type.
    - (C2) both have a `#tile.layout`.

    Lowered by `tile-promote-shared` where elements leave their wave, else by
    `convert-tile-to-amdgpu` and `convert-tile-to-nvptx`.

    Example:
    ```mlir
    %y = tile.relayout %x : tensor<64x64xf32, #A> to tensor<64x64xf32, #B>
    ```
  }];
  let arguments = (ins Tile_Tensor:$source);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_AllocSharedOp : Tile_Op<"alloc_shared"> {
  let summary = "Buffer in shared memory";
  let description = [{
    A buffer of the workgroup, of undefined contents, that lives until the end
    of the kernel. `offset`, in bytes, is set by `tile-allocate-shared`.

    Constraints:
    - (C1) `offset` is not negative and a multiple of the bytes of an element.

    Example:
    ```mlir
    %b = tile.alloc_shared : !tile.shared<64x32xf16>
    ```
  }];
  let arguments = (ins OptionalAttr<I64Attr>:$offset);
  let results = (outs Res<Tile_SharedType, "",
                          [MemAlloc<Tile_SharedMemory>]>:$result);
  let assemblyFormat = "attr-dict `:` qualified(type($result))";
  let hasVerifier = 1;
}

def Tile_StoreSharedOp : Tile_Op<"store_shared"> {
  let summary = "Write a tile to shared memory";
  let description = [{
    Does `buffer[p] = value[p]` for each position of the tile.

    Constraints:
    - (C1) `value` and `buffer` have one shape and element type.

    Example:
    ```mlir
    tile.store_shared %t, %b : tensor<64x32xf16, #L>, !tile.shared<64x32xf16>
    ```
  }];
  let arguments = (ins Tile_Tensor:$value,
      Arg<Tile_SharedType, "", [MemWrite<Tile_SharedMemory>]>:$buffer);
  let assemblyFormat = [{
    $value `,` $buffer attr-dict `:` type($value) `,` qualified(type($buffer))
  }];
  let hasVerifier = 1;
}

def Tile_LoadSharedOp : Tile_Op<"load_shared"> {
  let summary = "Read a tile from shared memory";
  let description = [{
    Computes `result[p] = buffer[p + offsets]` for each position of the tile,
    without `offsets` `result[p] = buffer[p]`. Where the shapes differ then, it
    is the element at the same place in row-major order, as in `tile.reshape`.

    Constraints:
    - (C1) `buffer` and `result` have one element type.
    - (C2) with `offsets`: one per dimension, of both; the tile lies within the
      buffer.
    - (C3) without: `buffer` and `result` have one shape, or one number of
      elements.
    - (C4) with `offsets` or another shape: the buffer is dense and row-major.

    Example:
    ```mlir
    %t = tile.load_shared %b : !tile.shared<64x32xf16> -> tensor<64x32xf16, #L>
    %u = tile.load_shared %b : !tile.shared<64x32xf16> -> tensor<32x64xf16, #L>
    %v = tile.load_shared %b offsets = [3, 0] : !tile.shared<64x32xf16> -> tensor<7x32xf16, #L>
    ```
  }];
  let arguments = (ins
      Arg<Tile_SharedType, "", [MemRead<Tile_SharedMemory>]>:$buffer,
      OptionalAttr<DenseI64ArrayAttr>:$offsets);
  let results = (outs Tile_Tensor:$result);
  let assemblyFormat = [{
    $buffer (`offsets` `=` $offsets^)? attr-dict `:` qualified(type($buffer))
    `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_BarrierOp : Tile_Op<"barrier",
    [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Wait for all waves of the workgroup";
  let description = [{
    No wave goes on before all have come here, and what any of them wrote to
    shared or global memory before is seen by all after.

    Example:
    ```mlir
    tile.barrier
    ```
  }];
  let assemblyFormat = "attr-dict";
}

#endif // TILEWRIGHT_DIALECT_TILE_IR_TILESCHEDULEOPS_TD
