// TileComputeOps.cpp - verifiers of the ops that compute.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::tile;

/// "64x32", or "a scalar".
static std::string describeShape(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "a scalar";
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(shape, os, "x");
  return text;
}

static LogicalResult verifySameElement(Operation *op, Type source,
                                       Type result) {
  Type from = getElementTypeOrSelf(source), to = getElementTypeOrSelf(result);
  if (from != to)
    return op->emitOpError() << "expected 'result' of the source's element "
                                "type "
                             << from << ", but got " << to;
  return success();
}

//===----------------------------------------------------------------------===//
// MmaOp
//===----------------------------------------------------------------------===//

/// Whether an mma may have these element types.
static bool isMmaTypes(Type lhs, Type rhs, Type acc) {
  if (isFp8Type(lhs) && isFp8Type(rhs))
    return acc.isF32();
  if (lhs != rhs)
    return false;
  if (lhs.isF64() || lhs.isF32())
    return acc == lhs;
  if (lhs.isF16() || lhs.isBF16())
    return acc.isF32();
  return lhs.isInteger(8) && acc.isInteger(32);
}

LogicalResult MmaOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType(),
                   acc = getAcc().getType();
  // mma C1
  int64_t rank = lhs.getRank();
  if (rank < 2 || rhs.getRank() != rank || acc.getRank() != rank)
    return emitOpError() << "expected operands of one rank of at least 2, but "
                            "got ranks "
                         << rank << ", " << rhs.getRank() << " and "
                         << acc.getRank();
  // mma C2
  ArrayRef<int64_t> batch = lhs.getShape().drop_back(2);
  if (rhs.getShape().drop_back(2) != batch ||
      acc.getShape().drop_back(2) != batch)
    return emitOpError() << "expected equal leading dimensions, but got shapes "
                         << describeShape(lhs.getShape()) << ", "
                         << describeShape(rhs.getShape()) << " and "
                         << describeShape(acc.getShape());
  // mma C3
  if (rhs.getDimSize(rank - 2) != lhs.getDimSize(rank - 1))
    return emitOpError() << "expected 'rhs' of " << lhs.getDimSize(rank - 1)
                         << " rows, the columns of 'lhs', but got "
                         << rhs.getDimSize(rank - 2);
  SmallVector<int64_t> wanted(lhs.getShape());
  wanted.back() = rhs.getShape().back();
  if (acc.getShape() != ArrayRef<int64_t>(wanted))
    return emitOpError() << "expected 'acc' of shape " << describeShape(wanted)
                         << ", but got " << describeShape(acc.getShape());
  // mma C4
  Type lhsType = lhs.getElementType(), rhsType = rhs.getElementType(),
       accType = acc.getElementType();
  if (!isMmaTypes(lhsType, rhsType, accType))
    return emitOpError()
           << "expected element types f64, f64, f64; f32, f32, f32; f16, f16, "
              "f32; bf16, bf16, f32; two fp8 kinds, f32; or i8, i8, i32; but "
              "got "
           << lhsType << ", " << rhsType << ", " << accType;
  // mma C5
  if (getAllowTf32() && !lhsType.isF32())
    return emitOpError() << "expected f32 operands with 'allow_tf32', but got "
                         << lhsType;
  // mma C6
  if (getFastAccum() && !isFp8Type(lhsType))
    return emitOpError() << "expected fp8 operands with 'fast_accum', but got "
                         << lhsType;
  return success();
}

//===----------------------------------------------------------------------===//
// ConvertOp
//===----------------------------------------------------------------------===//

LogicalResult ConvertOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  // convert C1
  for (auto [name, type] :
       {std::pair("source", source), std::pair("result", result)})
    if (!isa<FloatType>(getElementTypeOrSelf(type)))
      return emitOpError() << "expected '" << name << "' of floats, but got "
                           << type;
  // convert C2
  if (getTileShape(source) != getTileShape(result))
    return emitOpError() << "expected 'result' of the source's shape, "
                         << describeShape(getTileShape(source)) << ", but got "
                         << describeShape(getTileShape(result));
  // convert C3
  if (getLayoutAttr(source) != getLayoutAttr(result))
    return emitOpError() << "expected 'source' and 'result' to have one layout";
  return success();
}

//===----------------------------------------------------------------------===//
// ReduceOp, ScanOp
//===----------------------------------------------------------------------===//

/// C1 to C3 of reduce and scan.
static LogicalResult verifyOperands(Operation *op, OperandRange operands,
                                    int64_t axis, ArrayAttr identity) {
  if (operands.empty())
    return op->emitOpError() << "expected at least one operand";
  ArrayRef<int64_t> shape = getTileShape(operands.front().getType());
  for (Value operand : operands.drop_front())
    if (getTileShape(operand.getType()) != shape)
      return op->emitOpError()
             << "expected operands of one shape, but got "
             << describeShape(shape) << " and "
             << describeShape(getTileShape(operand.getType()));
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return op->emitOpError() << "expected 'axis' in [0, " << shape.size()
                             << "), but got " << axis;
  if (identity.size() != operands.size())
    return op->emitOpError()
           << "expected 'identity' of " << operands.size()
           << " values, one per operand, but got " << identity.size();
  for (auto [number, attr, operand] : llvm::enumerate(identity, operands)) {
    Type element = getElementTypeOrSelf(operand.getType());
    auto typed = dyn_cast<TypedAttr>(attr);
    if (!isa<FloatAttr, IntegerAttr>(attr) || typed.getType() != element)
      return op->emitOpError() << "expected identity #" << number << " of type "
                               << element << ", but got " << attr;
  }
  return success();
}

/// C5 to C7 of reduce and scan.
static LogicalResult verifyCombiner(Operation *op, Block &block) {
  SmallVector<Type> elements;
  for (Value operand : op->getOperands())
    elements.push_back(getElementTypeOrSelf(operand.getType()));
  SmallVector<Type> arguments(elements);
  llvm::append_range(arguments, elements);
  if (block.getArgumentTypes() != TypeRange(arguments))
    return op->emitOpError()
           << "expected a region that takes (" << TypeRange(arguments)
           << "), but it takes (" << block.getArgumentTypes() << ")";
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return op->emitOpError() << "expected a region that ends in 'tile.yield'";
  if (yield.getValues().getTypes() != TypeRange(elements)) {
    InFlightDiagnostic diag = op->emitOpError()
                              << "expected a region that yields ("
                              << TypeRange(elements) << "), but it yields ("
                              << yield.getValues().getTypes() << ")";
    diag.attachNote(yield.getLoc()) << "yields here";
    return diag;
  }
  for (Operation &inner : block.without_terminator()) {
    bool scalars = llvm::all_of(inner.getResultTypes(), isElementType) &&
                   llvm::all_of(inner.getOperandTypes(), isElementType);
    if (scalars && isMemoryEffectFree(&inner))
      continue;
    InFlightDiagnostic diag =
        op->emitOpError() << "expected ops on scalars without memory effects "
                             "in the region, but got '"
                          << inner.getName() << "'";
    diag.attachNote(inner.getLoc()) << "used here";
    return diag;
  }
  return success();
}

LogicalResult ReduceOp::verify() {
  // reduce C1, reduce C2, reduce C3
  if (failed(verifyOperands(*this, getOperands(), getAxis(), getIdentity())))
    return failure();
  // reduce C4
  if (getResults().size() != getOperands().size())
    return emitOpError() << "expected " << getOperands().size()
                         << " results, one per operand, but got "
                         << getResults().size();
  SmallVector<int64_t> shape(getTileShape(getOperands().front().getType()));
  shape.erase(shape.begin() + getAxis());
  for (auto [number, operand, result] :
       llvm::enumerate(getOperands(), getResults())) {
    Type wanted = getTileType(shape, getElementTypeOrSelf(operand.getType()));
    Type got = result.getType();
    if (auto tensor = dyn_cast<RankedTensorType>(got))
      got = tensor.cloneWithEncoding({});
    if (got != wanted)
      return emitOpError() << "expected result #" << number << " of type "
                           << wanted << ", but got " << got;
  }
  return success();
}

LogicalResult ReduceOp::verifyRegions() {
  // reduce C5, reduce C6, reduce C7
  return verifyCombiner(*this, getCombiner());
}

LogicalResult ScanOp::verify() {
  // scan C1, scan C2, scan C3
  if (failed(verifyOperands(*this, getOperands(), getAxis(), getIdentity())))
    return failure();
  // scan C4
  if (getResults().getTypes() != getOperands().getTypes())
    return emitOpError() << "expected results of the operands' types ("
                         << getOperands().getTypes() << "), but got ("
                         << getResults().getTypes() << ")";
  return success();
}

LogicalResult ScanOp::verifyRegions() {
  // scan C5, scan C6, scan C7
  return verifyCombiner(*this, getCombiner());
}

//===----------------------------------------------------------------------===//
// Ops that move elements
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  Type source = getSource().getType();
  RankedTensorType result = getResult().getType();
  // broadcast C1
  if (failed(verifySameElement(*this, source, result)))
    return failure();
  ArrayRef<int64_t> from = getTileShape(source), to = result.getShape();
  if (from.empty())
    return success();
  // broadcast C2
  if (from.size() != to.size())
    return emitOpError() << "expected a scalar or a source of rank "
                         << to.size() << " like 'result', but got rank "
                         << from.size();
  // broadcast C3
  for (auto [dim, sizes] : llvm::enumerate(llvm::zip(from, to))) {
    auto [size, wanted] = sizes;
    if (size != 1 && size != wanted)
      return emitOpError() << "expected dimension " << dim
                           << " of the source to be 1 or " << wanted
                           << ", but got " << size;
  }
  return success();
}

LogicalResult ReshapeOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  // reshape C1
  if (failed(verifySameElement(*this, source, result)))
    return failure();
  // reshape C2
  if (getTileElements(source) != getTileElements(result))
    return emitOpError() << "expected 'result' of " << getTileElements(source)
                         << " elements like the source, but got "
                         << getTileElements(result);
  return success();
}

LogicalResult TransposeOp::verify() {
  RankedTensorType source = getSource().getType(),
                   result = getResult().getType();
  // transpose C1
  if (failed(verifySameElement(*this, source, result)))
    return failure();
  // transpose C2
  ArrayRef<int64_t> permutation = getPermutation();
  if (static_cast<int64_t>(permutation.size()) != source.getRank() ||
      !isPermutationVector(permutation)) {
    InFlightDiagnostic diag = emitOpError();
    diag << "expected a permutation of the " << source.getRank()
         << " dimensions of the source, but got [";
    llvm::interleaveComma(permutation, diag);
    return diag << "]";
  }
  // transpose C3
  SmallVector<int64_t> wanted =
      applyPermutation(source.getShape(), permutation);
  if (result.getShape() != ArrayRef<int64_t>(wanted))
    return emitOpError() << "expected 'result' of shape "
                         << describeShape(wanted) << ", but got "
                         << describeShape(result.getShape());
  return success();
}

LogicalResult IotaOp::verify() {
  RankedTensorType type = getType();
  // iota C1
  Type element = type.getElementType();
  if (isa<FloatType>(element) || element.isInteger(1))
    return emitOpError()
           << "expected element type i8, i16, i32, i64 or index, but got "
           << element;
  // iota C2
  int64_t dim = getDim();
  if (dim < 0 || dim >= type.getRank())
    return emitOpError() << "expected 'dim' in [0, " << type.getRank()
                         << "), but got " << dim;
  return success();
}

LogicalResult ExtractSliceOp::verify() {
  RankedTensorType source = getSource().getType(),
                   result = getResult().getType();
  // extract_slice C1
  if (failed(verifySameElement(*this, source, result)))
    return failure();
  // extract_slice C2
  ArrayRef<int64_t> offsets = getOffsets();
  if (result.getRank() != source.getRank() ||
      static_cast<int64_t>(offsets.size()) != source.getRank())
    return emitOpError() << "expected 'result' and 'offsets' of rank "
                         << source.getRank()
                         << " like the source, but got ranks "
                         << result.getRank() << " and " << offsets.size();
  // extract_slice C3
  for (int64_t dim = 0; dim < source.getRank(); ++dim) {
    int64_t room = source.getDimSize(dim) - result.getDimSize(dim);
    if (offsets[dim] < 0 || offsets[dim] > room)
      return emitOpError() << "expected a slice of " << result.getDimSize(dim)
                           << " from " << offsets[dim] << " to lie within the "
                           << source.getDimSize(dim)
                           << " elements of dimension " << dim;
  }
  return success();
}
