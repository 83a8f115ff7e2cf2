// TileControlOps.cpp - the kernel op: syntax and what its arguments may say.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/IR/AffineExprVisitor.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::tile;

//===----------------------------------------------------------------------===//
// Syntax of a kernel
//===----------------------------------------------------------------------===//

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                     TypeRange inputs, ArrayRef<StringRef> gridSymbols,
                     AffineMap gridMap, ArrayRef<DictionaryAttr> argAttrs) {
  state.getOrAddProperties<Properties>().sym_name = builder.getStringAttr(name);
  state.getOrAddProperties<Properties>().function_type =
      TypeAttr::get(builder.getFunctionType(inputs, {}));
  state.getOrAddProperties<Properties>().grid_symbols =
      builder.getStrArrayAttr(gridSymbols);
  state.getOrAddProperties<Properties>().grid_map = AffineMapAttr::get(gridMap);
  Region *body = state.addRegion();
  Block &entry = body->emplaceBlock();
  for (Type type : inputs)
    entry.addArgument(type, state.location);
  if (!argAttrs.empty())
    call_interface_impl::addArgAndResultAttrs(builder, state, argAttrs, {},
                                              getArgAttrsAttrName(state.name),
                                              getResAttrsAttrName(state.name));
}

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  (void)impl::parseOptionalVisibilityKeyword(parser, result.attributes);
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  if (parser.parseSymbolName(name, getSymNameAttrName(result.name),
                             result.attributes) ||
      parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true, /*allowAttrs=*/true))
    return failure();
  SmallVector<Type> types;
  for (OpAsmParser::Argument &argument : arguments)
    types.push_back(argument.type);
  result.addAttribute(getFunctionTypeAttrName(result.name),
                      TypeAttr::get(builder.getFunctionType(types, {})));

  SMLoc gridLoc = parser.getCurrentLocation();
  if (failed(parser.parseOptionalKeyword("grid")))
    return parser.emitError(gridLoc)
           << "expected a 'grid' clause after the arguments of a kernel, as in "
              "'grid [\"N\"] affine_map<()[N] -> (N ceildiv 128)>'";
  SmallVector<Attribute> symbols;
  auto parseSymbol = [&]() -> ParseResult {
    std::string symbol;
    if (parser.parseString(&symbol))
      return failure();
    symbols.push_back(builder.getStringAttr(symbol));
    return success();
  };
  AffineMapAttr map;
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Square,
                                     parseSymbol) ||
      parser.parseAttribute(map, getGridMapAttrName(result.name),
                            result.attributes))
    return failure();
  result.addAttribute(getGridSymbolsAttrName(result.name),
                      builder.getArrayAttr(symbols));

  NamedAttrList attributes;
  SMLoc attributesLoc = parser.getCurrentLocation();
  if (parser.parseOptionalAttrDictWithKeyword(attributes))
    return failure();
  for (NamedAttribute attribute : attributes)
    for (StringAttr own : result.name.getAttributeNames())
      if (attribute.getName() == own)
        return parser.emitError(attributesLoc)
               << "attribute '" << own.getValue()
               << "' of a kernel is part of its signature";
  result.attributes.append(attributes);
  call_interface_impl::addArgAndResultAttrs(builder, result, arguments, {},
                                            getArgAttrsAttrName(result.name),
                                            getResAttrsAttrName(result.name));

  Region *body = result.addRegion();
  SMLoc bodyLoc = parser.getCurrentLocation();
  if (parser.parseRegion(*body, arguments, /*enableNameShadowing=*/false))
    return failure();
  if (body->empty())
    return parser.emitError(bodyLoc, "expected a body that ends in "
                                     "'tile.return'");
  return success();
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  if (std::optional<StringRef> visibility = getSymVisibility())
    printer << *visibility << ' ';
  printer.printSymbolName(getSymName());
  call_interface_impl::printFunctionSignature(
      printer, getArgumentTypes(), getArgAttrsAttr(), /*isVariadic=*/false, {},
      /*resultAttrs=*/nullptr, &getBody(), /*printEmptyResult=*/false);
  printer << " grid [";
  llvm::interleaveComma(getGridSymbols(), printer,
                        [&](Attribute symbol) { printer << symbol; });
  // Not as an alias: the map belongs to the signature.
  printer << "] affine_map<" << getGridMap() << ">";
  function_interface_impl::printFunctionAttributes(
      printer, *this,
      {getGridSymbolsAttrName(), getGridMapAttrName(),
       getFunctionTypeAttrName(), getSymVisibilityAttrName(),
       getArgAttrsAttrName(), getResAttrsAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/true);
}

//===----------------------------------------------------------------------===//
// What a kernel knows of its arguments
//===----------------------------------------------------------------------===//

std::string KernelOp::getArgName(unsigned index) {
  if (auto name =
          getArgAttrOfType<StringAttr>(index, TileDialect::getNameAttrName()))
    return name.str();
  return "arg" + std::to_string(index);
}

void KernelOp::getAsmBlockArgumentNames(Region &region,
                                        OpAsmSetValueNameFn setNameFn) {
  if (region.empty())
    return;
  for (BlockArgument argument : region.getArguments())
    setNameFn(argument, getArgName(argument.getArgNumber()));
}

KernelOp::GridSymbol KernelOp::getSizeOfSameName(unsigned arg, unsigned dim) {
  auto getName = [&](unsigned index, unsigned d) -> StringRef {
    auto names =
        getArgAttrOfType<ArrayAttr>(index, TileDialect::getDimsAttrName());
    return names ? cast<StringAttr>(names[d]).getValue() : StringRef();
  };
  GridSymbol found = {arg, dim};
  StringRef name = getName(arg, dim);
  auto own = cast<MemRefType>(getArgumentTypes()[arg]);
  if (name.empty() || !own.isDynamicDim(dim))
    return found;
  bool isFirst = true;
  for (auto [index, type] : llvm::enumerate(getArgumentTypes())) {
    auto memref = dyn_cast<MemRefType>(type);
    for (unsigned d = 0, rank = memref ? memref.getRank() : 0; d < rank; ++d) {
      if (getName(index, d) != name)
        continue;
      if (isFirst || !memref.isDynamicDim(d))
        found = {unsigned(index), d};
      isFirst = false;
      if (!memref.isDynamicDim(d))
        return found;
    }
  }
  return found;
}

std::optional<KernelOp::GridSymbol> KernelOp::findSymbol(StringRef name) {
  // The empty name stands for "no name".
  if (name.empty())
    return std::nullopt;
  std::optional<GridSymbol> found;
  // "" in `tile.dims` means no name.
  if (name.empty())
    return found;
  for (unsigned arg = 0, e = getNumArguments(); arg < e; ++arg) {
    Type type = getArgumentTypes()[arg];
    if (type.isIntOrIndex() && getArgName(arg) == name)
      return GridSymbol{arg, std::nullopt};
    auto memref = dyn_cast<MemRefType>(type);
    auto dims =
        getArgAttrOfType<ArrayAttr>(arg, TileDialect::getDimsAttrName());
    if (!memref || !dims)
      continue;
    for (auto [dim, attr] : llvm::enumerate(dims)) {
      auto dimName = dyn_cast<StringAttr>(attr);
      if (!dimName || dimName != name ||
          static_cast<int64_t>(dim) >= memref.getRank())
        continue;
      if (!memref.isDynamicDim(dim))
        return GridSymbol{arg, static_cast<unsigned>(dim)};
      if (!found)
        found = GridSymbol{arg, static_cast<unsigned>(dim)};
    }
  }
  return found;
}

std::optional<int64_t> KernelOp::getConstantSymbol(GridSymbol symbol) {
  if (symbol.dim) {
    auto memref = cast<MemRefType>(getArgumentTypes()[symbol.arg]);
    if (memref.isDynamicDim(*symbol.dim))
      return std::nullopt;
    return memref.getDimSize(*symbol.dim);
  }
  if (auto value = getArgAttrOfType<IntegerAttr>(
          symbol.arg, TileDialect::getValueAttrName()))
    return value.getValue().getSExtValue();
  return std::nullopt;
}

SmallVector<std::optional<int64_t>> KernelOp::getConstantGrid() {
  AffineMap map = getGridMap();
  SmallVector<AffineExpr> symbols;
  for (auto [index, attr] : llvm::enumerate(getGridSymbols())) {
    AffineExpr expr = getAffineSymbolExpr(index, getContext());
    if (auto found = findSymbol(cast<StringAttr>(attr).getValue()))
      if (std::optional<int64_t> value = getConstantSymbol(*found))
        expr = getAffineConstantExpr(*value, getContext());
    symbols.push_back(expr);
  }
  SmallVector<std::optional<int64_t>> extents;
  for (AffineExpr result : map.getResults()) {
    AffineExpr expr = result.replaceSymbols(symbols);
    std::optional<int64_t> extent;
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      extent = constant.getValue();
    extents.push_back(extent);
  }
  return extents;
}

std::string tile::suggestName(StringRef name, ArrayRef<StringRef> known) {
  unsigned best = std::max<size_t>(1, name.size() / 3) + 1;
  StringRef match;
  for (StringRef candidate : known) {
    unsigned distance = name.edit_distance_insensitive(candidate, true, best);
    if (distance < best) {
      best = distance;
      match = candidate;
    }
  }
  return match.empty() ? "" : ", did you mean '" + match.str() + "'?";
}

//===----------------------------------------------------------------------===//
// Verifier of a kernel
//===----------------------------------------------------------------------===//

/// Letters, digits and underscores, no digit first: what all assemblers, C and
/// Python take for a name.
static bool isIdentifier(StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

/// Divisors of the sizes or strides of a memref.
static LogicalResult verifyDivisors(KernelOp kernel, StringRef argName,
                                    StringRef attrName, Attribute attr,
                                    ArrayRef<int64_t> values, StringRef what) {
  auto divisors = dyn_cast<DenseI64ArrayAttr>(attr);
  if (!divisors || divisors.size() != static_cast<int64_t>(values.size()))
    return kernel.emitOpError()
           << "expected '" << attrName << "' of argument '" << argName
           << "' to be an array<i64> with " << values.size()
           << " entries, one per dimension, but got " << attr;
  for (auto [dim, divisor, value] :
       llvm::enumerate(divisors.asArrayRef(), values)) {
    if (divisor < 1)
      return kernel.emitOpError()
             << "expected entries of '" << attrName << "' of argument '"
             << argName << "' of at least 1, but got " << divisor;
    // kernel C15
    if (!ShapedType::isDynamic(value) && value % divisor != 0)
      return kernel.emitOpError()
             << "expected " << what << " " << dim << " of argument '" << argName
             << "' to be a multiple of " << divisor << ", as '" << attrName
             << "' says, but it is " << value;
  }
  return success();
}

/// Bounds of the sizes of a memref.
static LogicalResult verifyAtMost(KernelOp kernel, StringRef argName,
                                  Attribute attr, MemRefType memref) {
  auto bounds = dyn_cast<DenseI64ArrayAttr>(attr);
  if (!bounds || bounds.size() != memref.getRank() ||
      llvm::any_of(bounds.asArrayRef(), [](int64_t each) { return each < -1; }))
    return kernel.emitOpError()
           << "expected 'tile.at_most' of argument '" << argName
           << "' to be an array<i64> with " << memref.getRank()
           << " entries, one per dimension, of at least -1, but got " << attr;
  for (auto [dim, bound, size] :
       llvm::enumerate(bounds.asArrayRef(), memref.getShape()))
    if (bound >= 0 && !ShapedType::isDynamic(size) && size > bound)
      return kernel.emitOpError()
             << "expected size " << dim << " of argument '" << argName
             << "' of at most " << bound
             << ", as 'tile.at_most' says, but it is " << size;
  return success();
}

/// A constant divisor in the map that is below 1, or nothing.
static std::optional<int64_t> findBadDivisor(AffineMap map) {
  std::optional<int64_t> found;
  map.walkExprs([&](AffineExpr expr) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
    if (found || !binary ||
        !llvm::is_contained({AffineExprKind::CeilDiv, AffineExprKind::FloorDiv,
                             AffineExprKind::Mod},
                            binary.getKind()))
      return;
    auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
    if (divisor && divisor.getValue() < 1)
      found = divisor.getValue();
  });
  return found;
}

/// Bytes of a workspace, by the symbols of the grid.
static LogicalResult verifyWorkspace(KernelOp kernel, StringRef argName,
                                     Attribute attr) {
  auto map = dyn_cast<AffineMapAttr>(attr);
  unsigned numSymbols = kernel.getGridSymbols().size();
  if (!map || map.getValue().getNumDims() != 0 ||
      map.getValue().getNumSymbols() != numSymbols ||
      map.getValue().getNumResults() != 1)
    return kernel.emitOpError()
           << "expected 'tile.workspace' of argument '" << argName
           << "' to be a map of the grid's " << numSymbols
           << " symbols to one number of bytes, but got " << attr;
  if (std::optional<int64_t> divisor = findBadDivisor(map.getValue()))
    return kernel.emitOpError()
           << "expected constant divisors of 'tile.workspace' of argument '"
           << argName << "' of at least 1, but got " << *divisor;
  return success();
}

/// `tile.dims`: a list of names, one per dimension.
static LogicalResult verifyDims(KernelOp kernel, StringRef argName,
                                Attribute attr, MemRefType memref) {
  auto dims = dyn_cast<ArrayAttr>(attr);
  if (!dims || !llvm::all_of(dims, llvm::IsaPred<StringAttr>) ||
      static_cast<int64_t>(dims.size()) != memref.getRank())
    return kernel.emitOpError()
           << "expected 'tile.dims' of argument '" << argName << "' to be "
           << memref.getRank() << " strings, one per dimension, but got "
           << attr;
  for (StringAttr name : dims.getAsRange<StringAttr>())
    if (!name.empty() && !isIdentifier(name))
      return kernel.emitOpError()
             << "expected entries of 'tile.dims' of argument '" << argName
             << "' to be identifiers or \"\", but got " << name;
  return success();
}

/// The attributes of the dialect on one argument.
static LogicalResult verifyArgument(KernelOp kernel, unsigned index) {
  std::string name = kernel.getArgName(index);
  Type type = kernel.getArgumentTypes()[index];
  auto memref = dyn_cast<MemRefType>(type);
  DictionaryAttr attributes = kernel.getArgAttrDict(index);
  if (!attributes)
    return success();
  static constexpr StringLiteral onlyMemory[] = {
      TileDialect::getDimsAttrName(),
      TileDialect::getAlignAttrName(),
      TileDialect::getStrideDivisibleAttrName(),
      TileDialect::getNoAliasAttrName(),
      TileDialect::getAtMostAttrName(),
      TileDialect::getWorkspaceAttrName(),
      TileDialect::getZeroedAttrName()};
  for (NamedAttribute named : attributes) {
    StringRef attrName = named.getName();
    Attribute attr = named.getValue();
    if (!memref && llvm::is_contained(onlyMemory, attrName))
      return kernel.emitOpError() << "expected '" << attrName
                                  << "' on a memref alone, but argument '"
                                  << name << "' is of type " << type;
    if (attrName == TileDialect::getDimsAttrName()) {
      // kernel C5
      if (failed(verifyDims(kernel, name, attr, memref)))
        return failure();
    } else if (attrName == TileDialect::getAlignAttrName()) {
      // kernel C6
      auto bytes = dyn_cast<IntegerAttr>(attr);
      if (!bytes || !bytes.getType().isInteger(64) || bytes.getInt() < 1 ||
          !llvm::isPowerOf2_64(bytes.getInt()))
        return kernel.emitOpError()
               << "expected 'tile.align' of argument '" << name
               << "' to be a power of two, an i64, but got " << attr;
    } else if (attrName == TileDialect::getDivisibleAttrName()) {
      // kernel C7
      if (memref) {
        if (failed(verifyDivisors(kernel, name, attrName, attr,
                                  memref.getShape(), "size")))
          return failure();
        continue;
      }
      auto divisor = dyn_cast<IntegerAttr>(attr);
      if (!type.isIntOrIndex())
        return kernel.emitOpError()
               << "expected 'tile.divisible' on a memref or an integer, but "
                  "argument '"
               << name << "' is of type " << type;
      if (!divisor || !divisor.getType().isInteger(64) || divisor.getInt() < 1)
        return kernel.emitOpError()
               << "expected 'tile.divisible' of argument '" << name
               << "' to be an i64 of at least 1, but got " << attr;
    } else if (attrName == TileDialect::getStrideDivisibleAttrName()) {
      // kernel C8
      SmallVector<int64_t> strides;
      int64_t offset;
      if (failed(memref.getStridesAndOffset(strides, offset)))
        strides.assign(memref.getRank(), ShapedType::kDynamic);
      if (failed(
              verifyDivisors(kernel, name, attrName, attr, strides, "stride")))
        return failure();
    } else if (attrName == TileDialect::getValueAttrName()) {
      // kernel C16
      auto value = dyn_cast<TypedAttr>(attr);
      if (memref || !isa<IntegerAttr, FloatAttr>(attr) ||
          value.getType() != type)
        return kernel.emitOpError() << "expected 'tile.value' of argument '"
                                    << name << "' to be a number of its type "
                                    << type << ", but got " << attr;
    } else if (attrName == TileDialect::getNoAliasAttrName()) {
      if (!isa<UnitAttr>(attr))
        return kernel.emitOpError()
               << "expected 'tile.noalias' of argument '" << name
               << "' without a value, but got " << attr;
    } else if (attrName == TileDialect::getAtMostAttrName()) {
      // kernel C17
      if (failed(verifyAtMost(kernel, name, attr, memref)))
        return failure();
    } else if (attrName == TileDialect::getWorkspaceAttrName()) {
      // kernel C18
      if (failed(verifyWorkspace(kernel, name, attr)))
        return failure();
    } else if (attrName == TileDialect::getZeroedAttrName()) {
      // kernel C19
      if (!isa<UnitAttr>(attr) ||
          !attributes.contains(TileDialect::getWorkspaceAttrName()))
        return kernel.emitOpError()
               << "expected 'tile.zeroed' of argument '" << name
               << "' without a value, beside 'tile.workspace', but got "
               << attr;
    } else if (attrName == TileDialect::getNameAttrName()) {
      // kernel C4, see verifyNames
    } else if (attrName.starts_with("tile.")) {
      // kernel C9
      return kernel.emitOpError()
             << "unknown attribute '" << attrName << "' of argument '" << name
             << "'"
             << suggestName(attrName,
                            {TileDialect::getNameAttrName(),
                             TileDialect::getDimsAttrName(),
                             TileDialect::getAlignAttrName(),
                             TileDialect::getDivisibleAttrName(),
                             TileDialect::getStrideDivisibleAttrName(),
                             TileDialect::getValueAttrName(),
                             TileDialect::getNoAliasAttrName(),
                             TileDialect::getAtMostAttrName(),
                             TileDialect::getWorkspaceAttrName(),
                             TileDialect::getZeroedAttrName()});
    }
  }
  return success();
}

/// Names of arguments: strings, identifiers, each only once.
static LogicalResult verifyNames(KernelOp kernel) {
  llvm::StringMap<unsigned> seen;
  for (unsigned index = 0, e = kernel.getNumArguments(); index < e; ++index) {
    Attribute attr = kernel.getArgAttr(index, TileDialect::getNameAttrName());
    auto string = dyn_cast_or_null<StringAttr>(attr);
    // kernel C4
    if (attr && (!string || !isIdentifier(string)))
      return kernel.emitOpError()
             << "expected 'tile.name' of argument #" << index
             << " to be an identifier, but got " << attr;
    std::string name = kernel.getArgName(index);
    auto [it, isNew] = seen.try_emplace(name, index);
    if (!isNew)
      return kernel.emitOpError()
             << "expected names of arguments to be unique, but #" << it->second
             << " and #" << index << " are both '" << name << "'";
  }
  return success();
}

/// Sizes of one name are equal, and no name is a size and a scalar.
static LogicalResult verifySizeNames(KernelOp kernel) {
  llvm::StringMap<int64_t> sizes;
  for (unsigned index = 0, e = kernel.getNumArguments(); index < e; ++index) {
    auto memref = dyn_cast<MemRefType>(kernel.getArgumentTypes()[index]);
    auto dims = kernel.getArgAttrOfType<ArrayAttr>(
        index, TileDialect::getDimsAttrName());
    if (!memref || !dims)
      continue;
    for (auto [attr, size] : llvm::zip(dims, memref.getShape())) {
      StringRef name = cast<StringAttr>(attr).getValue();
      if (name.empty())
        continue;
      auto [it, isNew] = sizes.try_emplace(name, size);
      if (ShapedType::isDynamic(it->second))
        it->second = size;
      // kernel C13
      if (!ShapedType::isDynamic(size) && size != it->second)
        return kernel.emitOpError()
               << "expected all sizes named '" << name
               << "' to be equal, but got " << it->second << " and " << size;
    }
  }
  for (unsigned index = 0, e = kernel.getNumArguments(); index < e; ++index) {
    // kernel C14
    if (!kernel.getArgumentTypes()[index].isIntOrIndex())
      continue;
    std::string name = kernel.getArgName(index);
    if (sizes.contains(name))
      return kernel.emitOpError()
             << "expected '" << name << "' to name either a size or argument #"
             << index << ", but it names both";
  }
  return success();
}

/// The clause `grid`.
static LogicalResult verifyGrid(KernelOp kernel) {
  AffineMap map = kernel.getGridMap();
  ArrayAttr symbols = kernel.getGridSymbols();
  // kernel C10
  if (map.getNumDims() != 0)
    return kernel.emitOpError()
           << "expected a grid map of symbols alone, but got "
           << map.getNumDims() << " dimensions";
  if (map.getNumSymbols() != symbols.size())
    return kernel.emitOpError()
           << "expected a grid map of " << symbols.size()
           << " symbols, one per name, but got " << map.getNumSymbols();
  if (map.getNumResults() < 1 || map.getNumResults() > 3)
    return kernel.emitOpError() << "expected a grid of 1 to 3 dimensions, but "
                                   "got "
                                << map.getNumResults();
  // kernel C11
  for (StringAttr symbol : symbols.getAsRange<StringAttr>()) {
    if (kernel.findSymbol(symbol))
      continue;
    SmallVector<std::string> names;
    for (unsigned index = 0, e = kernel.getNumArguments(); index < e; ++index) {
      if (kernel.getArgumentTypes()[index].isIntOrIndex())
        names.push_back(kernel.getArgName(index));
      if (auto dims = kernel.getArgAttrOfType<ArrayAttr>(
              index, TileDialect::getDimsAttrName()))
        for (StringAttr name : dims.getAsRange<StringAttr>())
          if (!name.empty())
            names.push_back(name.str());
    }
    SmallVector<StringRef> known(names.begin(), names.end());
    return kernel.emitOpError() << "grid symbol '" << symbol.getValue()
                                << "' names no size and no integer argument"
                                << suggestName(symbol, known);
  }
  // kernel C12
  if (std::optional<int64_t> divisor = findBadDivisor(map))
    return kernel.emitOpError()
           << "expected constant divisors of the grid of at least 1, but got "
           << *divisor;
  return success();
}

LogicalResult KernelOp::verify() {
  // kernel C1
  if (!isIdentifier(getSymName()))
    return emitOpError() << "expected the name of a kernel to be an "
                            "identifier, but got '"
                         << getSymName() << "'";
  // kernel C2
  for (auto [index, type] : llvm::enumerate(getArgumentTypes()))
    if (!isMemoryType(type) && !isElementType(type))
      return emitOpError()
             << "expected argument #" << index
             << " to be a scalar, or a memref of an element type but index, "
                "contiguous or strided with offset 0, in the default memory "
                "space, but got "
             << type;
  // kernel C3
  if (!getResultTypes().empty())
    return emitOpError() << "expected a kernel without results, but got "
                         << getResultTypes().size();
  if (failed(verifyNames(*this)))
    return failure();
  for (unsigned index = 0, e = getNumArguments(); index < e; ++index)
    if (failed(verifyArgument(*this, index)))
      return failure();
  if (failed(verifySizeNames(*this)))
    return failure();
  return verifyGrid(*this);
}

//===----------------------------------------------------------------------===//
// ProgramIdOp, NumProgramsOp
//===----------------------------------------------------------------------===//

/// C1 and C2 of program_id and num_programs.
static LogicalResult verifyGridDim(Operation *op, int64_t dim) {
  auto kernel = op->getParentOfType<KernelOp>();
  if (!kernel)
    return op->emitOpError() << "expected to be in a 'tile.kernel'";
  int64_t rank = kernel.getGridMap().getNumResults();
  if (dim >= 0 && dim < rank)
    return success();
  InFlightDiagnostic diag = op->emitOpError()
                            << "expected a dimension of the grid in [0, "
                            << rank << "), but got " << dim;
  diag.attachNote(kernel.getLoc()) << "the grid is here";
  return diag;
}

LogicalResult ProgramIdOp::verify() {
  // program_id C1, program_id C2
  return verifyGridDim(*this, getDim());
}

LogicalResult NumProgramsOp::verify() {
  // num_programs C1, num_programs C2
  return verifyGridDim(*this, getDim());
}

//===----------------------------------------------------------------------===//
// Attributes of the dialect on other ops
//===----------------------------------------------------------------------===//

LogicalResult TileDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  StringRef name = attribute.getName();
  Attribute value = attribute.getValue();
  if (name == getChipAttrName() && !isa<StringAttr>(value))
    return op->emitError() << "expected '" << name
                           << "' to be a string, but got " << value;
  if (name == getScheduleAttrName() && !isa<ScheduleAttr>(value))
    return op->emitError() << "expected '" << name
                           << "' to be a '#tile.schedule', but got " << value;
  if (name == getSharedBytesAttrName()) {
    auto bytes = dyn_cast<IntegerAttr>(value);
    if (!bytes || !bytes.getType().isInteger(64) || bytes.getInt() < 0)
      return op->emitError()
             << "expected '" << name << "' to be an i64 of at least 0, but got "
             << value;
  }
  if (name == "tile.vector") {
    auto width = dyn_cast<IntegerAttr>(value);
    if (!width || !width.getType().isInteger(64) || width.getInt() < 1 ||
        !llvm::isPowerOf2_64(width.getInt()))
      return op->emitError()
             << "expected '" << name
             << "' to be a power of two, an i64, but got " << value;
  }
  return success();
}
