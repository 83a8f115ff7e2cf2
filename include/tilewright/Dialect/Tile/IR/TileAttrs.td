// TileAttrs.td - attributes of the dialect `tile`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_DIALECT_TILE_IR_TILEATTRS_TD
#define TILEWRIGHT_DIALECT_TILE_IR_TILEATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"
include "tilewright/Dialect/Tile/IR/TileDialect.td"

class Tile_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Tile_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

class Tile_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::tilewright::tile";
}

class Tile_EnumAttr<EnumInfo info, string attrMnemonic>
    : EnumAttr<Tile_Dialect, info, attrMnemonic> {
  let assemblyFormat = "`<` $value `>`";
}

def Tile_CacheEnum : Tile_Enum<"Cache",
    "how likely an access is to be repeated by another workgroup",
    [I32EnumAttrCase<"Default", 0, "default">,
     I32EnumAttrCase<"Stream", 1, "stream">,
     I32EnumAttrCase<"Persist", 2, "persist">]>;
def Tile_CacheAttr : Tile_EnumAttr<Tile_CacheEnum, "cache"> {
  let description = [{
    A hint without a meaning for the result: `default`, `stream` (touched once),
    `persist` (worth keeping).
  }];
}

def Tile_RoundingEnum : Tile_Enum<"Rounding", "rounding mode of a conversion",
    [I32EnumAttrCase<"NearestEven", 0, "nearest_even">,
     I32EnumAttrCase<"TowardZero", 1, "toward_zero">,
     I32EnumAttrCase<"Upward", 2, "upward">,
     I32EnumAttrCase<"Downward", 3, "downward">]>;
def Tile_RoundingAttr : Tile_EnumAttr<Tile_RoundingEnum, "rounding"> {
  let description = [{
    Rounding mode: to the nearest value, ties to even; toward zero; toward plus
    infinity; toward minus infinity.
  }];
}

def Tile_OrderingEnum : Tile_Enum<"Ordering", "memory ordering of an atomic",
    [I32EnumAttrCase<"Relaxed", 0, "relaxed">,
     I32EnumAttrCase<"Acquire", 1, "acquire">,
     I32EnumAttrCase<"Release", 2, "release">,
     I32EnumAttrCase<"AcqRel", 3, "acq_rel">]>;
def Tile_OrderingAttr : Tile_EnumAttr<Tile_OrderingEnum, "ordering"> {
  let description = [{
    Memory ordering of an atomic operation, as in C++.
  }];
}

def Tile_ScopeEnum : Tile_Enum<"Scope", "who takes part in an atomic",
    [I32EnumAttrCase<"Workgroup", 0, "workgroup">,
     I32EnumAttrCase<"Device", 1, "device">,
     I32EnumAttrCase<"System", 2, "system">]>;
def Tile_ScopeAttr : Tile_EnumAttr<Tile_ScopeEnum, "scope"> {
  let description = [{
    The threads among which an operation is atomic: those of the workgroup, of
    the device, or of all devices and the host.
  }];
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

def Tile_LayoutAttr : Tile_Attr<"Layout", "layout",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "Which register of which lane of which wave holds an element";
  let description = [{
    Maps `(register, lane, wave)` to a position in the tile:

    `position = XOR of the vectors of the set bits of register, lane and wave`

    for the linear part, plus, for each repeat, `digit * extent` along its
    dimension, where `extent` is the extent of that dimension so far. Repeats are
    listed from the fastest; the register number is the linear bits (low), then
    the digits of the register repeats as a mixed radix, and likewise for waves.
    A zero vector replicates. Positions outside the tensor hold nothing.

    As the encoding of a tensor:
    - (C1) the rank is that of the tensor.
    - (C2) the padded shape covers the shape of the tensor.

    Example:
    ```mlir
    tensor<64x4xf32, #tile.layout<reg = [[0, 1], [0, 2]],
        lane = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0]],
        wave = [], repeat = [reg 2 dim 0]>>
    ```
  }];
  let parameters = (ins
    AttrParameter<"::tilewright::Layout", "the layout">:$layout);
  let hasCustomAssemblyFormat = 1;
}

def Tile_PaddedAttr : Tile_Attr<"Padded", "padded"> {
  let summary = "Order and padding of elements in shared memory";
  let description = [{
    `order[0]` is the fastest dimension. With `f` the linear index in that
    order, the address, in elements, is `f + (f floordiv interval) * pad`.

    Constraints:
    - (C1) `order` is a permutation of the dimensions.
    - (C2) `interval` is at least 1.
    - (C3) `pad` is 0 to 65536.

    Example:
    ```mlir
    !tile.shared<64x32xf16, #tile.padded<order = [1, 0], interval = 32, pad = 8>>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$order,
                        "int64_t":$interval, "int64_t":$pad);
  let assemblyFormat = [{
    `<` `order` `=` `[` $order `]` `,` `interval` `=` $interval `,`
    `pad` `=` $pad `>`
  }];
  let genVerifyDecl = 1;
}

def Tile_ScheduleAttr : Tile_Attr<"Schedule", "schedule"> {
  let summary = "How a kernel is spread over waves and stages";
  let description = [{
    An open set of fields, decided by `tile-choose-schedule` or by hand and
    checked by the passes that read them.

    Example:
    ```mlir
    #tile.schedule<{kind = "simple", waves = array<i64: 2, 2>}>
    ```
  }];
  let parameters = (ins "::mlir::DictionaryAttr":$fields);
  let assemblyFormat = "`<` $fields `>`";
}

#endif // TILEWRIGHT_DIALECT_TILE_IR_TILEATTRS_TD
