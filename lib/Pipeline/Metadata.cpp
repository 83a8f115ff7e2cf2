// Metadata.cpp - what the runtime has to know of a kernel, as JSON.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Metadata.h"

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tilewright {
namespace {

namespace json = llvm::json;

std::string printType(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  type.print(os);
  return text;
}

json::Value dynamicOr(int64_t size) {
  return ShapedType::isDynamic(size) ? json::Value(nullptr) : json::Value(size);
}

json::Array toArray(ArrayRef<int64_t> numbers) {
  json::Array array;
  for (int64_t number : numbers)
    array.push_back(number);
  return array;
}

/// An expression of a grid as nested arrays.
json::Value describeExpr(AffineExpr expr, ArrayAttr symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return cast<StringAttr>(symbols[symbol.getPosition()]).getValue();
  auto binary = cast<AffineBinaryOpExpr>(expr);
  StringRef name;
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    name = "add";
    break;
  case AffineExprKind::Mul:
    name = "mul";
    break;
  case AffineExprKind::Mod:
    name = "mod";
    break;
  case AffineExprKind::FloorDiv:
    name = "floordiv";
    break;
  default:
    name = "ceildiv";
  }
  return json::Array{name, describeExpr(binary.getLHS(), symbols),
                     describeExpr(binary.getRHS(), symbols)};
}

/// Whether an op in the kernel writes to the memory of `arg`.
bool isWritten(BlockArgument arg) {
  for (Operation *user : arg.getUsers())
    if (auto effects = dyn_cast<MemoryEffectOpInterface>(user))
      if (effects.getEffectOnValue<MemoryEffects::Write>(arg))
        return true;
  return false;
}

/// Takes `bytes` bytes, naturally aligned, from the kernarg bytes at `end`.
int64_t allocate(int64_t &end, int64_t bytes) {
  int64_t offset = llvm::alignTo(end, bytes);
  end = offset + bytes;
  return offset;
}

json::Object describeMemref(tile::KernelOp kernel, unsigned index,
                            int64_t &end) {
  auto type = cast<MemRefType>(kernel.getArgumentTypes()[index]);
  json::Object object{{"kind", "memref"},
                      {"type", printType(type.getElementType())},
                      {"rank", type.getRank()},
                      {"written", isWritten(kernel.getArgument(index))},
                      {"offset", allocate(end, 8)}};
  json::Array sizes;
  for (int64_t size : type.getShape()) {
    sizes.push_back(dynamicOr(size));
    if (ShapedType::isDynamic(size))
      allocate(end, 8);
  }
  object["sizes"] = std::move(sizes);
  // Identity layouts have no strides of their own: they are contiguous.
  if (type.getLayout().isIdentity()) {
    object["contiguous"] = true;
  } else {
    json::Array strides;
    for (int64_t stride : type.getStridesAndOffset().first) {
      strides.push_back(dynamicOr(stride));
      if (ShapedType::isDynamic(stride))
        allocate(end, 8);
    }
    object["strides"] = std::move(strides);
  }

  if (auto dims = kernel.getArgAttrOfType<ArrayAttr>(
          index, tile::TileDialect::getDimsAttrName())) {
    json::Array names;
    for (auto name : dims.getAsRange<StringAttr>())
      names.push_back(name.getValue());
    object["dims"] = std::move(names);
  }
  if (auto align = kernel.getArgAttrOfType<IntegerAttr>(
          index, tile::TileDialect::getAlignAttrName()))
    object["align"] = align.getInt();
  if (auto divisors = kernel.getArgAttrOfType<DenseI64ArrayAttr>(
          index, tile::TileDialect::getDivisibleAttrName()))
    object["divisible"] = toArray(divisors.asArrayRef());
  if (auto divisors = kernel.getArgAttrOfType<DenseI64ArrayAttr>(
          index, tile::TileDialect::getStrideDivisibleAttrName()))
    object["stride_divisible"] = toArray(divisors.asArrayRef());
  if (kernel.getArgAttr(index, tile::TileDialect::getNoAliasAttrName()))
    object["noalias"] = true;
  if (auto bounds = kernel.getArgAttrOfType<DenseI64ArrayAttr>(
          index, tile::TileDialect::getAtMostAttrName())) {
    json::Array list;
    for (int64_t bound : bounds.asArrayRef())
      list.push_back(bound < 0 ? json::Value(nullptr) : json::Value(bound));
    object["at_most"] = std::move(list);
  }
  if (auto bytes = kernel.getArgAttrOfType<AffineMapAttr>(
          index, tile::TileDialect::getWorkspaceAttrName()))
    object["workspace"] =
        describeExpr(bytes.getValue().getResult(0), kernel.getGridSymbols());
  if (kernel.getArgAttr(index, tile::TileDialect::getZeroedAttrName()))
    object["zeroed"] = true;
  return object;
}

json::Object describeScalar(tile::KernelOp kernel, unsigned index,
                            int64_t &end) {
  Type type = kernel.getArgumentTypes()[index];
  // An index is passed as an i64.
  json::Object object{
      {"kind", "scalar"},
      {"type", type.isIndex() ? std::string("i64") : printType(type)},
      {"offset", allocate(end, tile::getElementBytes(type))}};
  if (auto divisor = kernel.getArgAttrOfType<IntegerAttr>(
          index, tile::TileDialect::getDivisibleAttrName()))
    object["divisible"] = divisor.getInt();
  // The launch checks the one value that the kernel was compiled for, bit by
  // bit: JSON has no infinities.
  auto value = kernel.getArgAttr(index, tile::TileDialect::getValueAttrName());
  if (auto integer = dyn_cast_or_null<IntegerAttr>(value))
    object["value"] = integer.getValue().getSExtValue();
  else if (auto number = dyn_cast_or_null<FloatAttr>(value))
    object["value"] =
        "0x" +
        llvm::utohexstr(number.getValue().bitcastToAPInt().getZExtValue());
  return object;
}

} // namespace

llvm::json::Object describeInterface(tile::KernelOp kernel) {
  json::Array args;
  int64_t end = 0;
  for (unsigned i = 0; i < kernel.getNumArguments(); ++i) {
    json::Object object = isa<MemRefType>(kernel.getArgumentTypes()[i])
                              ? describeMemref(kernel, i, end)
                              : describeScalar(kernel, i, end);
    object["name"] = kernel.getArgName(i);
    args.push_back(std::move(object));
  }
  json::Array symbols, exprs;
  for (auto symbol : kernel.getGridSymbols().getAsRange<StringAttr>())
    symbols.push_back(symbol.getValue());
  for (AffineExpr expr : kernel.getGridMap().getResults())
    exprs.push_back(describeExpr(expr, kernel.getGridSymbols()));
  return json::Object{
      {"version", 1},
      {"kernel", kernel.getSymName()},
      {"abi",
       json::Object{{"args", std::move(args)},
                    {"bytes", static_cast<int64_t>(llvm::alignTo(end, 8))}}},
      {"grid", json::Object{{"symbols", std::move(symbols)},
                            {"exprs", std::move(exprs)}}}};
}

} // namespace tilewright
