// InsertBarriers.cpp - puts a barrier between accesses that must be in order.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/Transforms/Passes.h"

#include "Barriers.h"

namespace tilewright::tile {

#define GEN_PASS_DEF_TILEINSERTBARRIERSPASS
#include "tilewright/Dialect/Tile/Transforms/Passes.h.inc"

namespace {

class TileInsertBarriersPass
    : public impl::TileInsertBarriersPassBase<TileInsertBarriersPass> {
public:
  using TileInsertBarriersPassBase::TileInsertBarriersPassBase;

  void runOnOperation() override {
    numBarriers = insertBarriers(getOperation().getBody(), remarks);
  }
};

} // namespace
} // namespace tilewright::tile
