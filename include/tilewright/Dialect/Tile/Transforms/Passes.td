// Passes.td - passes from tile to tile.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_DIALECT_TILE_TRANSFORMS_PASSES_TD
#define TILEWRIGHT_DIALECT_TILE_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def TileChooseSchedulePass
    : Pass<"tile-choose-schedule", "::tilewright::tile::KernelOp"> {
  let summary = "Fill in the fields of the kernel's schedule that are not set";
  let description = [{
    Sets `tile.chip` from the option `chip` and completes `tile.schedule`. A
    field that the kernel sets already is kept; an option of this pass comes
    next; the rest is decided from the facts of the chip and the tiles of the
    kernel:

    - `kind`: `"simple"`, one loop without overlap.
    - `waves`: the grid of waves over the rows and columns of an mma's result
      (one entry per trailing dim), or the number of waves where there is no
      mma: as many as fill the registers of a lane with a useful amount of work.
    - `vector_bytes`: the widest global access of one lane.
    - `operands`: `"shared"` stages the operands of an mma that come from global
      memory through shared memory, `"direct"` loads them as the mma wants them.
    - `stores`: `"shared"` turns what is stored through shared memory where
      its layout, such as that of an mma's result, gives narrower accesses than
      the facts allow and there is room; `"direct"` stores it as it lies.
    - `atom` (optional): the mma atom to use where it fits.

    Leaves alone: all that is set. Bad fields are errors.

    ```mlir
    tile.kernel @k(...) grid [...] ... { ... }
    ```
    becomes
    ```mlir
    tile.kernel @k(...) grid [...] ... attributes {tile.chip = "gfx942",
      tile.schedule = #tile.schedule<{kind = "simple",
        waves = array<i64: 2, 2>, vector_bytes = 16 : i64,
        operands = "shared", stores = "shared"}>} { ... }
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"\"",
           "Chip to compile for; the kernel's tile.chip where empty">,
    ListOption<"waves", "waves", "int64_t",
               "Waves per dim of the mma's result, or their number">,
    Option<"vectorBytes", "vector-bytes", "int64_t", /*default=*/"0",
           "Widest global access of one lane in bytes; 0: from the chip">,
    Option<"operands", "operands", "std::string", /*default=*/"\"\"",
           "Way of mma operands from global memory: shared or direct">,
    Option<"stores", "stores", "std::string", /*default=*/"\"\"",
           "Way of what is stored to global memory: shared or direct">,
    Option<"atom", "atom", "std::string", /*default=*/"\"\"",
           "Name of the mma atom to prefer">];
  let dependentDialects = ["::tilewright::tile::TileDialect"];
}

def TileAssignLayoutsPass
    : Pass<"tile-assign-layouts", "::tilewright::tile::KernelOp"> {
  let summary = "Give every tile a layout";
  let description = [{
    Gives each tensor type of the kernel a `#tile.layout` encoding and inserts
    `tile.relayout` where a value is wanted in another layout than it has.

    Memory operations ask for layouts in which a lane holds as many neighbours
    in memory as it can access at once, by proof (unit stride, `tile.align`,
    `tile.divisible`, `tile.stride_divisible`, and the divisors of the index
    operands), and neighbouring lanes continue. `tile.mma` asks for the layouts
    of an atom of the chip; it is rewritten to wider operand types where only
    these have an atom and the conversion is exact, and computes with FMAs where
    there is none (no attribute `atom`). All other operations take the layout
    of their neighbours. Cheap operations (constants, iota, broadcasts, and
    arithmetic on these) are repeated in each layout instead of moved.

    A reduction across waves becomes one within each wave, a relayout of the
    partial results, and one over these.

    On memory operations it sets `tile.vector = N`: the N lowest registers are N
    neighbours in memory, aligned to their whole size, and all in or all out of
    bounds. With `remarks`, a remark names the fact that keeps an access narrow.
    Needs: `tile.chip`, a complete `tile.schedule`, no layouts yet.

    ```mlir
    %0 = tile.load %a[%i] : memref<?xf32> -> tensor<256xf32>
    ```
    becomes
    ```mlir
    %0 = tile.load %a[%i] {tile.vector = 4 : i64}
        : memref<?xf32> -> tensor<256xf32, #tile.layout<...>>
    ```
  }];
  let options = [
    Option<"remarks", "remarks", "bool", /*default=*/"false",
           "Say which fact would make an access wider">];
  let dependentDialects = ["::tilewright::tile::TileDialect",
                           "::mlir::arith::ArithDialect"];
}

def TilePromoteSharedPass
    : Pass<"tile-promote-shared", "::tilewright::tile::KernelOp"> {
  let summary = "Turn moves of elements between waves into shared memory traffic";
  let description = [{
    Each `tile.relayout` that cannot be done within a wave becomes a store to a
    new shared buffer and a load from it in the other layout; one that can stays.
    The buffer's rows are padded where the accesses of both sides would meet in
    the same banks. The store follows the value, the load precedes its first
    use: operands of one mma then share one barrier.

    So does a `tile.reshape` or `tile.extract_slice` whose lanes need elements
    that others hold: it reads the buffer in another shape, or a part of it.

    No barrier is put here: `tile-insert-barriers` runs next.

    ```mlir
    %1 = tile.relayout %0 : tensor<64x64xf16, #a> to tensor<64x64xf16, #b>
    ```
    becomes
    ```mlir
    %s = tile.alloc_shared : !tile.shared<64x64xf16, #tile.padded<...>>
    tile.store_shared %0, %s : ...
    %1 = tile.load_shared %s : ...
    ```
  }];
  let statistics = [
    Statistic<"numPromoted", "num-promoted", "Moves through shared memory">];
  let dependentDialects = ["::tilewright::tile::TileDialect",
                           "::mlir::arith::ArithDialect"];
}

def TileInsertBarriersPass
    : Pass<"tile-insert-barriers", "::tilewright::tile::KernelOp"> {
  let summary = "Put a barrier between accesses that must be in order";
  let description = [{
    Two accesses of a workgroup to memory that may overlap, one of which writes,
    take place in program order: where different lanes may hold the elements,
    there is a `tile.barrier` between them, on each path and round each loop.
    Global accesses overlap unless one of two arguments is `tile.noalias`, or
    the tiles are provably disjoint, or each element stays in one lane. Shared
    accesses overlap if their buffers do.

    Leaves alone: what barriers of the input order already. Each barrier is put
    as late as possible. With `remarks`, a remark says which fact would save one.
  }];
  let options = [
    Option<"remarks", "remarks", "bool", /*default=*/"false",
           "Say which barriers tile.noalias would save">];
  let statistics = [
    Statistic<"numBarriers", "num-barriers", "Barriers inserted">];
  let dependentDialects = ["::tilewright::tile::TileDialect"];
}

def TileAllocateSharedPass
    : Pass<"tile-allocate-shared", "::tilewright::tile::KernelOp"> {
  let summary = "Give each shared buffer its place";
  let description = [{
    Sets `offset` on each `tile.alloc_shared` and `tile.shared_bytes` on the
    kernel. Buffers share bytes where a barrier separates the last access of one
    from the first of the other; if the kernel would not fit otherwise, barriers
    are added for that. It is an error if the chip still has too little.

    Offsets that are set are kept. Needs: `tile.chip`.

    ```mlir
    %s = tile.alloc_shared : !tile.shared<64x64xf16>
    ```
    becomes
    ```mlir
    %s = tile.alloc_shared {offset = 0 : i64} : !tile.shared<64x64xf16>
    ```
  }];
  let statistics = [
    Statistic<"sharedBytes", "shared-bytes", "Bytes of shared memory">];
  let dependentDialects = ["::tilewright::tile::TileDialect"];
}

def TileSpecializePass
    : Pass<"tile-specialize", "::tilewright::tile::KernelOp"> {
  let summary = "Bind sizes and arguments to what a launch is known to pass";
  let description = [{
    Makes sizes and strides of memref arguments static, replaces scalar
    arguments by constants, and writes down what else is known of arguments. All
    of it is in the kernel's signature afterwards, from which the launch checks
    it. Static sizes and strides are no longer passed; a scalar still is.

    - `dims=M=128,K=64`: each size of that name in `tile.dims` is static.
    - `strides=a.1=1`: stride 1 of argument `a` is static.
    - `scalars=n=5,alpha=0.5`: the scalar gets `tile.value`, its uses a constant.
    - `align=a=16`, `divisible=M=16,n=4`, `stride-divisible=a.0=8`, `noalias=a`,
      `at-most=M=1024`: the facts `tile.align`, `tile.divisible` (of each size of
      that name, or of an integer argument), `tile.stride_divisible`,
      `tile.noalias`, `tile.at_most`. Facts that the kernel states already stay:
      both hold.

    Leaves alone: kernels with another name than `kernel`, where that is given.
    It is an error if a name is not the kernel's, if a size, stride or scalar
    has another value already, or if an op other than `memref.dim` and those of
    `tile` uses a memref whose type changes.

    ```mlir
    tile.kernel @k(%a: memref<?xf32> {tile.dims = ["N"]}, %n: i32)
        grid ["N"] affine_map<()[N] -> (N ceildiv 64)> {
    ```
    becomes, with `dims=N=128 scalars=arg1=4`,
    ```mlir
    tile.kernel @k(%a: memref<128xf32> {tile.dims = ["N"]},
                   %n: i32 {tile.value = 4 : i32})
        grid ["N"] affine_map<()[N] -> (N ceildiv 64)> {
      %c4_i32 = arith.constant 4 : i32
    ```
  }];
  let options = [
    Option<"kernel", "kernel", "std::string", /*default=*/"\"\"",
           "Name of the kernel to specialize; all where empty">,
    ListOption<"dims", "dims", "std::string", "Named sizes: NAME=SIZE,...">,
    ListOption<"strides", "strides", "std::string",
               "Strides, in elements: ARGUMENT.DIM=STRIDE,...">,
    ListOption<"scalars", "scalars", "std::string",
               "Values of scalar arguments: NAME=VALUE,...">,
    ListOption<"align", "align", "std::string",
               "Bytes that addresses are multiples of: ARGUMENT=BYTES,...">,
    ListOption<"divisible", "divisible", "std::string",
               "Divisors of sizes and integer arguments: NAME=DIVISOR,...">,
    ListOption<"strideDivisible", "stride-divisible", "std::string",
               "Divisors of strides: ARGUMENT.DIM=DIVISOR,...">,
    ListOption<"atMost", "at-most", "std::string",
               "Bounds of named sizes: NAME=BOUND,...">,
    ListOption<"noalias", "noalias", "std::string",
               "Arguments whose memory no other reaches: NAME,...">];
  let dependentDialects = ["::tilewright::tile::TileDialect",
                           "::mlir::arith::ArithDialect"];
}

#endif // TILEWRIGHT_DIALECT_TILE_TRANSFORMS_PASSES_TD
