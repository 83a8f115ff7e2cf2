// TileTypes.td - types of the dialect `tile`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_DIALECT_TILE_IR_TILETYPES_TD
#define TILEWRIGHT_DIALECT_TILE_IR_TILETYPES_TD

include "mlir/IR/AttrTypeBase.td"
include "tilewright/Dialect/Tile/IR/TileAttrs.td"

def Tile_SharedType : TypeDef<Tile_Dialect, "Shared"> {
  let mnemonic = "shared";
  let summary = "Buffer in the shared memory of a workgroup";
  let description = [{
    A buffer of static shape in shared memory; dense and row-major where no
    layout is given, else as `#tile.padded` says.

    Constraints:
    - (C1) the rank is at least 1 and each dimension at least 1.
    - (C2) at most 2^30 elements of an element type.
    - (C3) the layout has the rank of the buffer.

    Example:
    ```mlir
    !tile.shared<64x32xf16>
    !tile.shared<64x32xf16, #tile.padded<order = [1, 0], interval = 32, pad = 8>>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape,
                        "::mlir::Type":$elementType,
                        OptionalParameter<"::tilewright::tile::PaddedAttr">:$layout);
  let builders = [
    TypeBuilderWithInferredContext<(ins "::mlir::ArrayRef<int64_t>":$shape,
        "::mlir::Type":$elementType,
        CArg<"::tilewright::tile::PaddedAttr", "{}">:$layout), [{
      return $_get(elementType.getContext(), shape, elementType, layout);
    }]>];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getRank() const { return getShape().size(); }
    /// Number of elements, without padding.
    int64_t getNumElements() const;
    /// Bytes from the first to past the last element, padding between included.
    int64_t getSizeInBytes() const;
    /// Dimensions from the fastest to the slowest.
    ::llvm::SmallVector<int64_t> getOrder() const;
    /// Address of the element at `position`, in elements from the start.
    int64_t getElementOffset(::llvm::ArrayRef<int64_t> position) const;
  }];
}

#endif // TILEWRIGHT_DIALECT_TILE_IR_TILETYPES_TD
