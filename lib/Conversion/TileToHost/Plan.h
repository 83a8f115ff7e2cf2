// Plan.h - which tiles of a kernel are kept in memory, which are recomputed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tile is either *buffered*: computed once, where it stands, into scratch
// memory; or *inline*: computed vector by vector inside the loops of those who
// use it. The ops in whose loops an inline value ends up are its sites.

#ifndef TILEWRIGHT_LIB_CONVERSION_TILETOHOST_PLAN_H
#define TILEWRIGHT_LIB_CONVERSION_TILETOHOST_PLAN_H

#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

namespace tilewright::host {

using Sites = llvm::SmallSetVector<mlir::Operation *, 4>;

/// Whether `type` is a tile of rank 1 or more.
bool isTile(mlir::Type type);

/// Whether the result of `op` is a tile that can be computed element by
/// element at any place: elementwise ops, constants, views and loads.
bool isInlineOp(mlir::Operation *op);

/// Whether `op` computes each element from the elements at the same position.
bool isElementwise(mlir::Operation *op);

/// Whether `source` and `result` of a reshape differ by dimensions of size 1
/// alone.
bool onlyUnitDimsChange(llvm::ArrayRef<int64_t> source,
                        llvm::ArrayRef<int64_t> result);

/// The tile dimension along which the memory behind `v` is contiguous: the last
/// one of more than one element, unless transposes lie between. -1 where all
/// dimensions have one element.
int64_t getPreferredDim(mlir::Value v);

/// The transpose that moves the contiguous dimension and that a store of
/// `value` turns back by blocks: `value` is it, or computed from it alone, one
/// element from one. Null where there is none.
mlir::Operation *findStoredTranspose(mlir::Value value);

class Plan {
public:
  explicit Plan(tile::KernelOp kernel);

  bool isBuffered(mlir::Value v) const { return buffered.contains(v); }

  /// The ops in whose loops `v` is read, in no particular order.
  llvm::ArrayRef<mlir::Operation *> getSites(mlir::Value v) const;

  /// The op of the block of `v` after which `v` is not read any more; null
  /// where nothing reads it.
  mlir::Operation *getLastUse(mlir::Value v) const;

  /// Whether `root` is reached from `v` through elementwise ops alone, on all
  /// ways through inline values.
  bool reachesOnlyElementwise(mlir::Value v, mlir::Value root) const;

  /// Simple operations per element that computing `v` inline takes.
  int64_t getCost(mlir::Value v) const;

  /// Whether computing `v` reads `root`, directly or through inline values.
  bool reaches(mlir::Value v, mlir::Value root) const;

  /// Calls `visit` for each op that is computed inline for `v`, operands first.
  void walkInline(mlir::Value v,
                  llvm::function_ref<void(mlir::Operation *)> visit) const;

private:
  void decide(tile::KernelOp kernel);
  void decideValue(mlir::Value v);
  void computeCosts(tile::KernelOp kernel);
  bool mustBuffer(mlir::Value v) const;
  bool isClobbered(mlir::Value v) const;
  bool crossesWriter(mlir::Operation *load, mlir::Operation *writer,
                     mlir::Operation *site) const;

  llvm::DenseSet<mlir::Value> buffered;
  llvm::DenseMap<mlir::Value, Sites> sites;
  llvm::DenseMap<mlir::Value, int64_t> costs;
  llvm::DenseMap<mlir::Operation *, unsigned> order;
  llvm::SmallVector<mlir::Operation *> writers;
};

} // namespace tilewright::host

#endif // TILEWRIGHT_LIB_CONVERSION_TILETOHOST_PLAN_H
