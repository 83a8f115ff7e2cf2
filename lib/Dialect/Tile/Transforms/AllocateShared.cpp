// AllocateShared.cpp - gives each shared buffer its place.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/Transforms/Passes.h"

#include "Barriers.h"
#include "KernelFacts.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tilewright::tile {

#define GEN_PASS_DEF_TILEALLOCATESHAREDPASS
#include "tilewright/Dialect/Tile/Transforms/Passes.h.inc"

namespace {

/// Buffers start at multiples of the widest access.
constexpr int64_t kAlignment = 16;

struct Buffer {
  AllocSharedOp op;
  int64_t bytes = 0;
  /// Numbers of the first and last operation between which no other buffer
  /// may use these bytes.
  int64_t begin = 0, end = 0;
  /// -1 until there is a place.
  int64_t offset = -1;
};

/// Numbers operations in the order of the text: an operation with regions has
/// one number before them and one after.
class Numbering {
public:
  explicit Numbering(Region &region) { visit(region); }

  int64_t before(Operation *op) const { return first.lookup(op); }
  int64_t after(Operation *op) const { return last.lookup(op); }

private:
  void visit(Region &region) {
    for (Operation &op : region.getOps()) {
      first[&op] = next++;
      for (Region &nested : op.getRegions())
        visit(nested);
      last[&op] = next++;
    }
  }

  DenseMap<Operation *, int64_t> first, last;
  int64_t next = 0;
};

/// Widens the range of `buffer` to all of `op`.
void cover(Buffer &buffer, Operation *op, const Numbering &numbering) {
  buffer.begin = std::min(buffer.begin, numbering.before(op));
  buffer.end = std::max(buffer.end, numbering.after(op));
}

/// From the first to the last access. In a loop that does not allocate the
/// buffer anew, its contents may live from trip to trip.
void setLiveRange(Buffer &buffer, const Numbering &numbering) {
  buffer.begin = std::numeric_limits<int64_t>::max();
  buffer.end = -1;
  Region *home = buffer.op->getParentRegion();
  for (Operation *user : buffer.op->getUsers()) {
    cover(buffer, user, numbering);
    for (Operation *parent = user->getParentOp();
         !parent->isAncestor(home->getParentOp());
         parent = parent->getParentOp())
      if (isa<LoopLikeOpInterface>(parent))
        cover(buffer, parent, numbering);
  }
  if (buffer.end < 0)
    buffer.begin = buffer.end = numbering.before(buffer.op);
}

/// Extends the range to the first barrier that every path takes after the
/// last access: only then do all lanes have finished with the buffer.
void extendToBarrier(Buffer &buffer, const Numbering &numbering) {
  Operation *from = nullptr;
  for (Operation *user : buffer.op->getUsers()) {
    // An access in a nested region counts as one of what holds it: a barrier
    // in there need not run.
    Operation *lifted = buffer.op->getBlock()->findAncestorOpInBlock(*user);
    if (lifted && (!from || from->isBeforeInBlock(lifted)))
      from = lifted;
  }
  while (from) {
    for (Operation *op = from->getNextNode(); op; op = op->getNextNode())
      if (isa<BarrierOp>(op)) {
        buffer.end = std::max(buffer.end, numbering.after(op));
        return;
      }
    Operation *parent = from->getParentOp();
    if (isa<KernelOp>(parent)) {
      buffer.end = std::max(
          buffer.end, numbering.after(&parent->getRegion(0).back().back()));
      return;
    }
    // The next trip of the loop starts without a barrier.
    if (isa<LoopLikeOpInterface>(parent))
      cover(buffer, parent, numbering);
    from = parent;
  }
}

bool mayShare(const Buffer &a, const Buffer &b) {
  return a.end < b.begin || b.end < a.begin;
}

/// Large buffers first, each at the lowest place that is free for its range.
/// Returns the bytes needed.
int64_t assignOffsets(MutableArrayRef<Buffer> buffers) {
  SmallVector<Buffer *> order;
  for (Buffer &buffer : buffers)
    order.push_back(&buffer);
  // Buffers lie in an array, so their addresses are their numbers.
  llvm::sort(order, [](Buffer *a, Buffer *b) {
    if ((a->offset >= 0) != (b->offset >= 0))
      return a->offset >= 0;
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });
  int64_t total = 0;
  SmallVector<Buffer *> placed;
  for (Buffer *buffer : order) {
    if (buffer->offset < 0) {
      int64_t offset = 0;
      // Each round moves past one neighbour, so this ends.
      for (size_t i = 0; i < placed.size();) {
        Buffer *other = placed[i++];
        if (mayShare(*buffer, *other) ||
            offset + buffer->bytes <= other->offset ||
            other->offset + other->bytes <= offset)
          continue;
        offset = llvm::alignTo(other->offset + other->bytes, kAlignment);
        i = 0;
      }
      buffer->offset = offset;
    }
    placed.push_back(buffer);
    total = std::max(total, buffer->offset + buffer->bytes);
  }
  return total;
}

class TileAllocateSharedPass
    : public impl::TileAllocateSharedPassBase<TileAllocateSharedPass> {
public:
  void runOnOperation() override {
    KernelOp kernel = getOperation();
    SmallVector<Buffer> buffers;
    Numbering numbering(kernel.getBody());
    kernel.walk([&](AllocSharedOp op) {
      Buffer buffer;
      buffer.op = op;
      buffer.bytes = op.getType().getSizeInBytes();
      buffers.push_back(buffer);
    });
    if (buffers.empty() && !kernel->hasAttr(kChipAttr))
      return setBytes(0);
    const ChipInfo *chip = getChip(kernel);
    if (!chip)
      return signalPassFailure();

    int64_t total = plan(buffers, numbering, /*addBarriers=*/false);
    if (total > chip->sharedBytes)
      total = plan(buffers, numbering, /*addBarriers=*/true);
    if (total > chip->sharedBytes) {
      reportTooLarge(buffers, total, *chip);
      return signalPassFailure();
    }
    for (Buffer &buffer : buffers)
      buffer.op.setOffset(buffer.offset);
    insertBarriers(kernel.getBody());
    setBytes(total);
  }

private:
  /// Finds offsets: with the barriers that are there, or as if one could be
  /// put wherever a buffer ends.
  int64_t plan(MutableArrayRef<Buffer> buffers, const Numbering &numbering,
               bool addBarriers) {
    for (Buffer &buffer : buffers) {
      buffer.offset =
          buffer.op.getOffset() ? int64_t(*buffer.op.getOffset()) : -1;
      setLiveRange(buffer, numbering);
      if (!addBarriers)
        extendToBarrier(buffer, numbering);
    }
    return assignOffsets(buffers);
  }

  void reportTooLarge(MutableArrayRef<Buffer> buffers, int64_t total,
                      const ChipInfo &chip) {
    KernelOp kernel = getOperation();
    auto diag = kernel.emitError()
                << "kernel '" << kernel.getSymName() << "' needs " << total
                << " bytes of shared memory per workgroup, but '" << chip.name
                << "' has " << chip.sharedBytes;
    for (Buffer &buffer : buffers)
      diag.attachNote(buffer.op.getLoc())
          << "buffer of " << buffer.bytes << " bytes: " << buffer.op.getType();
  }

  void setBytes(int64_t total) {
    sharedBytes = total;
    KernelOp kernel = getOperation();
    kernel->setAttr("tile.shared_bytes",
                    Builder(kernel.getContext()).getI64IntegerAttr(total));
  }
};

} // namespace
} // namespace tilewright::tile
