// LayoutAssignment.h - decides which layout each tile of a kernel lives in.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_LAYOUTASSIGNMENT_H
#define TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_LAYOUTASSIGNMENT_H

#include "Divisibility.h"
#include "KernelFacts.h"
#include "LayoutRules.h"
#include "MemoryAccess.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include <deque>

namespace tilewright::tile {

/// The home of each tile: the layout in which it is computed. A tile that is
/// cheap to compute again has none, it is computed in each layout it is wanted
/// in. Does not change the IR.
class LayoutAssignment {
public:
  LayoutAssignment(KernelOp kernel, const ChipInfo &chip,
                   const Schedule &schedule);

  /// Finds the homes: results of mma first, then what feeds mma, then memory
  /// accesses from the largest, each with all that follows from it.
  void run();

  /// The home of `value`; null for cheap tiles and scalars.
  LayoutAttr get(mlir::Value value) const { return homes.lookup(value); }
  void set(mlir::Value value, LayoutAttr layout) { homes[value] = layout; }

  /// To be called before the operation that defines `value` is erased.
  void forget(mlir::Value value) {
    homes.erase(value);
    cheap.erase(value);
  }

  /// Whether `value` is computed from constants, iota and scalars alone.
  bool isCheap(mlir::Value value);

  /// The layout for coalesced access.
  LayoutAttr getAccessLayout(const MemoryAccess &access);
  /// The layout of a tile of this type that nothing decides.
  LayoutAttr getDefaultLayout(mlir::Type type, uint64_t forbidWaves = 0);
  /// Whether `access` in `layout` costs more than in the coalesced layout.
  bool isSlowerThanCoalesced(const MemoryAccess &access, LayoutAttr layout);
  /// Whether a store should turn its tile, which has `layout`, through shared
  /// memory: it saves accesses, and there is room.
  bool wantsStagedStore(const MemoryAccess &access, LayoutAttr layout);
  /// Whether it costs so much more that a turn through shared memory pays.
  bool wantsStaging(const MemoryAccess &access, LayoutAttr layout);
  /// The width that `access` may use for a tile in `layout`.
  int64_t getVectorWidthIn(const MemoryAccess &access, const Layout &layout);

  /// Values that must have one layout because control flow passes one to
  /// another: `value` is one of them.
  static llvm::SmallVector<mlir::Value> getTied(mlir::Value value);
  /// The value of control flow that `use` becomes, or null.
  static mlir::Value getTiedTarget(mlir::OpOperand &use);

  LayoutAttr getAttr(const Layout &layout);

  const ChipInfo &chip;
  const Schedule &schedule;

private:
  void collectAxes();
  BlockedRequest getRequest(llvm::ArrayRef<int64_t> shape,
                            uint64_t forbidWaves) const;
  void assign(mlir::Value value, LayoutAttr layout);
  void offer(mlir::Value value, const Layout &layout);
  void demand(mlir::Value value, const Layout &layout, bool direct,
              const llvm::SetVector<mlir::Operation *> &users);
  void propagate();
  void propagateForward(mlir::Value value, const Layout &layout);
  void propagateBackward(mlir::Value value, const Layout &layout);
  void assignMmas();
  void assignAccesses();
  void assignRest();

  KernelOp kernel;
  Divisibility divisibility;
  llvm::DenseMap<mlir::Value, LayoutAttr> homes;
  llvm::DenseMap<mlir::Value, bool> cheap;
  std::deque<mlir::Value> worklist;
  llvm::DenseMap<mlir::Attribute, uint64_t> reducedAxes;
  llvm::DenseMap<mlir::Attribute, uint64_t> scannedAxes;
  llvm::DenseMap<mlir::Attribute, LayoutAttr> accessLayouts;
};

} // namespace tilewright::tile

#endif // TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_LAYOUTASSIGNMENT_H
