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
  // load_shared C1
  return verifyShared(*this, "result", getResult().getType(),
                      getBuffer().getType());
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
