// TileScheduleOps.cpp - verifiers of the ops of the wave level.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::tile;

LogicalResult RelayoutOp::verify() {
  RankedTensorType source = getSource().getType();
  RankedTensorType result = getResult().getType();
  // relayout C1
  if (source.getShape() != result.getShape() ||
      source.getElementType() != result.getElementType())
    return emitOpError()
           << "expected 'source' and 'result' of one shape and element type, "
              "but got "
           << source.cloneWithEncoding({}) << " and "
           << result.cloneWithEncoding({});
  // relayout C2
  for (auto [name, type] :
       {std::pair("source", source), std::pair("result", result)})
    if (!getLayoutAttr(type))
      return emitOpError() << "expected '" << name
                           << "' to have a '#tile.layout', but got " << type;
  return success();
}

LogicalResult AllocSharedOp::verify() {
  // alloc_shared C1
  if (!getOffset())
    return success();
  int64_t bytes = getElementBytes(getType().getElementType());
  if (*getOffset() < 0 || *getOffset() % bytes != 0)
    return emitOpError() << "expected 'offset' to be a multiple of " << bytes
                         << " bytes, the size of an element, but got "
                         << *getOffset();
  return success();
}

/// A tile and a shared buffer have one shape and element type.
static LogicalResult verifyShared(Operation *op, StringRef name,
                                  RankedTensorType tile, SharedType buffer) {
  if (tile.getShape() == buffer.getShape() &&
      tile.getElementType() == buffer.getElementType())
    return success();
  return op->emitOpError() << "expected '" << name
                           << "' of the buffer's shape and element type, "
                           << RankedTensorType::get(buffer.getShape(),
                                                    buffer.getElementType())
                           << ", but got " << tile.cloneWithEncoding({});
}

LogicalResult StoreSharedOp::verify() {
  // store_shared C1
  return verifyShared(*this, "value", getValue().getType(),
                      getBuffer().getType());
}

LogicalResult LoadSharedOp::verify() {
  RankedTensorType tile = getResult().getType();
  SharedType buffer = getBuffer().getType();
  ArrayRef<int64_t> shape = tile.getShape();
  // load_shared C1
  if (tile.getElementType() != buffer.getElementType())
    return emitOpError() << "expected elements of type "
                         << buffer.getElementType() << ", but got "
                         << tile.getElementType();
  std::optional<ArrayRef<int64_t>> offsets = getOffsets();
  // load_shared C4
  if (buffer.getLayout() && (offsets || shape != buffer.getShape()))
    return emitOpError("expected a buffer without a layout, to read a part of "
                       "it or another shape, but got ")
           << buffer;
  if (offsets) {
    // load_shared C2
    if (shape.size() != buffer.getShape().size() ||
        offsets->size() != shape.size())
      return emitOpError() << "expected " << buffer.getRank()
                           << " offsets and a result of rank "
                           << buffer.getRank() << ", but got "
                           << offsets->size() << " and rank " << shape.size();
    for (auto [dim, offset, extent, size] :
         llvm::enumerate(*offsets, shape, buffer.getShape()))
      if (offset < 0 || offset > size - extent)
        return emitOpError() << "expected offset " << dim << " in [0, "
                             << size - extent << "], but got " << offset;
    return success();
  }
  // load_shared C3
  if (tile.getNumElements() != buffer.getNumElements())
    return emitOpError() << "expected " << buffer.getNumElements()
                         << " elements, as 'buffer' has, but got "
                         << tile.getNumElements();
  return success();
}

void BarrierOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  // No access may pass a barrier, whatever memory it is to.
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
  effects.emplace_back(MemoryEffects::Read::get(), SharedMemory::get());
  effects.emplace_back(MemoryEffects::Write::get(), SharedMemory::get());
}
