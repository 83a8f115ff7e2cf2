// TileControlOps.td - the kernel and what it knows of its place in the grid.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_DIALECT_TILE_IR_TILECONTROLOPS_TD
#define TILEWRIGHT_DIALECT_TILE_IR_TILECONTROLOPS_TD

include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "tilewright/Dialect/Tile/IR/TileAttrs.td"

def Tile_KernelOp : Tile_Op<"kernel",
    [FunctionOpInterface, IsolatedFromAbove, OpAsmOpInterface]> {
  let summary = "Program that each workgroup of a grid runs";
  let description = [{
    A kernel takes memrefs and scalars and is run once for each point of its
    grid. The grid has one to three dimensions; its extents are the results of
    a map whose symbols are named sizes of the arguments or integer arguments.

    Attributes of an argument:
    - `tile.name`: its name, by default `arg<N>`.
    - `tile.dims`: names of the sizes of a memref, "" for none. Equal names are
      equal sizes.
    - `tile.align`: the address of the first element is a multiple of so many
      bytes.
    - `tile.divisible`: the sizes of a memref, or the value of an integer, are
      multiples of these numbers.
    - `tile.stride_divisible`: likewise for the strides.
    - `tile.noalias`: no other argument reaches the memory of this one, unless
      nobody writes to it.
    - `tile.value`: the one value that a scalar has.
    - `tile.at_most`: bounds of the sizes of a memref, -1 for none.
    - `tile.workspace`: the memref is scratch memory of at least so many bytes, a
      map of the grid's symbols. The launch is given it like any other; whoever
      makes it asks the runtime how large it must be.
    - `tile.zeroed`: the bytes of a workspace are 0 when the kernel starts.

    Passes set `tile.chip`, `tile.schedule` and `tile.shared_bytes` on the kernel.

    Constraints:
    - (C1) the name of the kernel is an identifier.
    - (C2) each argument is a memref of an element type but index, contiguous or
      strided with offset 0, in the default memory space, or a scalar.
    - (C3) there are no results.
    - (C4) names of arguments are identifiers and unique.
    - (C5) `tile.dims` has an entry per dimension, "" or an identifier.
    - (C6) `tile.align` is a power of two.
    - (C7) `tile.divisible` has an entry, at least 1, per dimension, or is one
      number for an integer.
    - (C8) `tile.stride_divisible` has an entry, at least 1, per dimension.
    - (C9) no other attribute of this dialect is on an argument.
    - (C10) the map of the grid has no dimensions, a symbol per name, and one to
      three results.
    - (C11) each symbol of the grid is a named size or an integer argument.
    - (C12) a constant divisor in the map is at least 1.
    - (C13) sizes of one name are equal where they are static.
    - (C14) a name is not both that of a size and that of an integer argument.
    - (C15) static sizes and strides obey their divisors.
    - (C16) `tile.value` is a number of the type of a scalar argument.
    - (C17) `tile.at_most` has an entry, at least -1, per dimension, and static
      sizes obey it.
    - (C18) the map of `tile.workspace` has no dimensions, the grid's symbols, one
      result, and constant divisors of at least 1.
    - (C19) `tile.zeroed` is without a value, beside `tile.workspace`.

    Lowered by `convert-tile-to-amdgpu`, `convert-tile-to-nvptx` and
    `convert-tile-to-host`.

    Example:
    ```mlir
    tile.kernel @scale(
        %x: memref<?xf32> {tile.name = "x", tile.dims = ["N"], tile.noalias},
        %factor: f32 {tile.name = "factor"})
        grid ["N"] affine_map<()[N] -> (N ceildiv 256)> {
      %block = arith.constant 256 : index
      %pid = tile.program_id 0
      %i = arith.muli %pid, %block : index
      %t = tile.load %x[%i] : memref<?xf32> -> tensor<256xf32>
      %f = tile.broadcast %factor : f32 to tensor<256xf32>
      %y = arith.mulf %t, %f : tensor<256xf32>
      tile.store %y, %x[%i] : tensor<256xf32>, memref<?xf32>
      tile.return
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       StrArrayAttr:$grid_symbols, AffineMapAttr:$grid_map,
                       OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region MinSizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let builders = [
    OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::TypeRange":$inputs,
                   "::llvm::ArrayRef<::llvm::StringRef>":$gridSymbols,
                   "::mlir::AffineMap":$gridMap,
                   CArg<"::llvm::ArrayRef<::mlir::DictionaryAttr>", "{}">:$argAttrs)>];
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() {
      return getFunctionType().getInputs();
    }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() {
      return getFunctionType().getResults();
    }
    ::mlir::Region *getCallableRegion() { return &getBody(); }

    /// The name of argument `index`: `tile.name`, or `arg<N>`.
    std::string getArgName(unsigned index);

    /// Where a symbol of the grid comes from.
    struct GridSymbol {
      unsigned arg;               ///< Number of the argument.
      std::optional<unsigned> dim; ///< Its dimension; none for a scalar.
    };
    /// The first argument that defines `name`, or nothing. For a size, prefers
    /// one that is static.
    std::optional<GridSymbol> findSymbol(::llvm::StringRef name);
    /// The size that stands for size `dim` of argument `arg`, a memref, and all
    /// others of its name, which are equal: a static one, else the first. The
    /// size itself where it has no name.
    GridSymbol getSizeOfSameName(unsigned arg, unsigned dim);
    /// The value of a symbol where the kernel says it: a static size, or an
    /// argument with `tile.value`.
    std::optional<int64_t> getConstantSymbol(GridSymbol symbol);
    /// The extents of the grid where they are constant, else nothing each.
    ::llvm::SmallVector<std::optional<int64_t>> getConstantGrid();

    /// OpAsmOpInterface: arguments are printed by their name.
    void getAsmBlockArgumentNames(::mlir::Region &region,
                                  ::mlir::OpAsmSetValueNameFn setNameFn);
  }];
}

def Tile_ReturnOp : Tile_Op<"return",
    [Pure, ReturnLike, Terminator, HasParent<"KernelOp">]> {
  let summary = "End of a kernel";
  let description = [{
    Example:
    ```mlir
    tile.return
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_YieldOp : Tile_Op<"yield",
    [Pure, ReturnLike, Terminator, ParentOneOf<["ReduceOp", "ScanOp"]>]> {
  let summary = "Result of the region of a reduce or scan";
  let description = [{
    Example:
    ```mlir
    tile.yield %r, %ri : f32, i32
    ```
  }];
  let arguments = (ins Variadic<Tile_Scalar>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

class Tile_GridOp<string mnemonic> : Tile_Op<mnemonic, [Pure]> {
  let arguments = (ins I64Attr:$dim);
  let results = (outs Index:$result);
  let assemblyFormat = "$dim attr-dict";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_ProgramIdOp : Tile_GridOp<"program_id"> {
  let summary = "Coordinate of this program in the grid";
  let description = [{
    The coordinate, from 0, along result `dim` of the map of the grid.

    Constraints:
    - (C1) it is in a kernel.
    - (C2) `dim` is a dimension of the grid.

    Example:
    ```mlir
    %p = tile.program_id 0
    ```
  }];
}

def Tile_NumProgramsOp : Tile_GridOp<"num_programs"> {
  let summary = "Extent of the grid";
  let description = [{
    The value of result `dim` of the map of the grid.

    Constraints:
    - (C1) it is in a kernel.
    - (C2) `dim` is a dimension of the grid.

    Example:
    ```mlir
    %n = tile.num_programs 0
    ```
  }];
}

#endif // TILEWRIGHT_DIALECT_TILE_IR_TILECONTROLOPS_TD
