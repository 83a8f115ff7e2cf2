// Emitter.h - emits the CPU code of one kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of the kernel are of these kinds in the emitted code:
//
// - a scalar is an SSA value; index is i64, bf16 and fp8 are integers of their
//   width (their arithmetic has been expanded before);
// - a buffered tile is a Buffer, dense and row-major, in scratch;
// - an inline tile is emitted by evaluate(), once per vector of elements.

#ifndef TILEWRIGHT_LIB_CONVERSION_TILETOHOST_EMITTER_H
#define TILEWRIGHT_LIB_CONVERSION_TILETOHOST_EMITTER_H

#include "Plan.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "tilewright/Target/ChipInfo.h"
#include <map>

namespace tilewright::host {

using llvm::ArrayRef;
using llvm::SmallVector;
using mlir::Block;
using mlir::Location;
using mlir::Operation;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;

/// A run of elements of a tile: lane `l` is at `coords`, plus `l` along `dim`.
struct Point {
  SmallVector<Value> coords; ///< i64, one per dimension of the tile
  int64_t dim = -1;          ///< -1 where `width` is 1
  int64_t width = 1;         ///< 1: a scalar rather than a vector
};

/// A dense row-major tile in scratch.
struct Buffer {
  int64_t offset = -1; ///< bytes from the start of scratch
  int64_t bytes = 0;
  bool isValid() const { return offset >= 0; }
};

/// Static offsets in scratch, first fit, 64-byte aligned.
class Arena {
public:
  static constexpr int64_t kAlignment = 64;

  Buffer allocate(int64_t bytes);
  void release(Buffer buffer);
  int64_t getHighWater() const { return highWater; }

private:
  std::map<int64_t, int64_t> used; ///< offset to bytes
  int64_t highWater = 0;
};

/// A memref argument, unpacked from the kernarg.
struct MemRef {
  Value base;
  Type elementType; ///< as in the kernel
  SmallVector<Value> sizes;
  SmallVector<Value> strides;
};

/// Where a memory op goes, its uniform parts computed where the op stands.
struct Access {
  MemRef *memref = nullptr;
  SmallVector<Value> origins;    ///< per memref dimension; null: an index tile
  SmallVector<Value> indexTiles; ///< values of the kernel, or null
  SmallVector<int64_t> walk;     ///< tile dimension per memref dimension, -1
  SmallVector<int64_t> shape;    ///< of the tile
  Value offset;                  ///< sum of origin * stride, in elements
  Value uniformInside;           ///< the dimensions that are not walked are in
  Value full;                    ///< all but the index tiles are inside
  Value padding;                 ///< scalar, loads only
  /// Elements to what the next iteration of the loop around reads; null: not
  /// known, or not worth a prefetch.
  Value ahead;
  Operation *prefetchedAt = nullptr; ///< the site that prefetches
};

class Emitter {
public:
  Emitter(tile::KernelOp kernel, const ChipInfo &level);

  /// Emits an `llvm.func` before the kernel. Fails with a diagnostic.
  llvm::LogicalResult emit();

private:
  // Emitter.cpp: the function, its arguments, the ops in order.
  void emitArguments();
  Value emitGridExpr(mlir::AffineExpr expr, ArrayRef<Value> symbols);
  SmallVector<Value> emitGrid();
  void emitBlock(Block &block);
  void emitOp(Operation *op);
  void emitScalarOp(Operation *op);
  void releaseAfter(Operation *op);
  Value error(Operation *op, const llvm::Twine &message, Type type);

  // Control.cpp: scf.
  void emitFor(mlir::scf::ForOp op);
  void emitIf(mlir::scf::IfOp op);
  void emitWhile(mlir::scf::WhileOp op);
  /// Brings the tiles among `values` into `targets`; all reads come first.
  void emitCopies(ValueRange values, ArrayRef<Buffer> targets,
                  ValueRange oldTiles);
  SmallVector<Value> mapScalars(ValueRange values);
  Value findCarriedTile(Operation *op, Buffer target);

  // Builder helpers (Emitter.cpp).
  Value constant(int64_t value, unsigned bits = 64);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value both(Value a, Value b); ///< a and b; null is true
  Value insideBounds(Value index, Value size);
  Value splat(Value scalar, int64_t width);
  Value zero(Type type);
  Value element(Value base, Value index, Type memoryType);
  Value loadFrom(Value pointer, Type elementType, int64_t width);
  /// With `streams` past the caches.
  void storeTo(Value pointer, Value value, Type elementType,
               bool streams = false);
  Type memoryType(Type elementType);
  Type valueType(Type elementType, int64_t width = 1);
  void loop(int64_t count, int64_t step, bool isChunk,
            llvm::function_ref<void(Value)> body);
  /// A loop that carries values. With `isChunk` it is the innermost loop of a
  /// nest: what does not depend on its variable is evaluated before it.
  SmallVector<Value>
  loopCarried(Value lower, Value upper, Value step, ValueRange inits,
              bool isChunk,
              llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body);
  SmallVector<Value> ifElse(Value condition, mlir::TypeRange types,
                            llvm::function_ref<SmallVector<Value>()> onTrue,
                            llvm::function_ref<SmallVector<Value>()> onFalse);

  // Buffers.cpp: tiles in scratch.
  Buffer allocate(Type type);
  Buffer getBuffer(Value v);
  void setBuffer(Value v, Buffer buffer, bool owned);
  Value bufferBase(Buffer buffer);
  Value bufferPointer(Buffer buffer, ArrayRef<int64_t> shape,
                      ArrayRef<Value> coords, Type elementType);
  /// The buffer that the result `v` of `op` should be written to: that of the
  /// loop-carried tile it becomes, if that is dead by then, else a new one.
  Buffer chooseBuffer(Value v, Operation *op, ValueRange elementwiseSources,
                      ValueRange otherSources);
  Buffer findTarget(Value v, Operation *op, ValueRange elementwiseSources,
                    ValueRange otherSources);

  // Evaluate.cpp: inline values.
  Value evaluate(Value v, const Point &point);
  Value evaluateOp(Operation *op, const Point &point);
  Value evaluateConstant(mlir::arith::ConstantOp op, const Point &point);
  Value evaluateView(Operation *op, const Point &point);
  Value evaluateReshape(tile::ReshapeOp op, const Point &point);
  Value evaluateBuffer(Buffer buffer, mlir::RankedTensorType type,
                       const Point &point);
  Value constantValue(mlir::Attribute attr, Type elementType, int64_t width);
  /// One op on scalars or vectors of `width`.
  Value emitElementwise(Operation *op, ValueRange operands, int64_t width);
  Value emitConversion(Operation *op, Value operand, Type from, Type to,
                       int64_t width);
  Value convertFloat(Value value, Type from, Type to, int64_t width);
  Value guardDivision(Operation *op, Value lhs, Value rhs);
  /// The region of a reduce or scan on `operands`, left then right.
  SmallVector<Value> emitCombiner(Block &block, ValueRange operands,
                                  int64_t width);
  bool isInChunk(const Point &point);

  // Memory.cpp, Atomic.cpp: loads, stores, gathers, scatters, atomics.
  Access &getAccess(Operation *op);
  Access &prepareAccess(Operation *op);
  Value evaluateAccess(Operation *op, const Point &point);
  struct Address;
  bool isContiguous(const Access &access, int64_t dim);
  int64_t findContiguousDim(const Access &access);
  Value laneNumbers(int64_t width, unsigned bits);
  Value laneMask(const Address &address, int64_t width);
  Value getBounce();
  void emitStoreLoops(Operation *op, Value value);
  Address emitAddress(Access &access, const Point &point);
  void storeAccess(Access &access, const Point &point, Value value,
                   bool streams = false);
  Value isAligned(Value count, Type elementType, int64_t bytes);
  /// Whether the tile of `op` should be written past the caches, by runs along
  /// `dim` of at least `runBytes` that start at multiples of `alignment`: null
  /// where it never should.
  Value streamsTile(tile::StoreOp op, const Access &access, int64_t dim,
                    int64_t runBytes, int64_t alignment);
  void emitMaskedStore(Access &access, const Address &address, Value value,
                       int64_t width);
  Value emitMaskedLoad(Access &access, const Address &address, int64_t width);
  void emitStore(tile::StoreOp op);
  void emitScatter(tile::ScatterOp op);
  void emitAtomic(tile::AtomicRMWOp op);
  Value emitAtomicElement(tile::AtomicRMWOp op, Value pointer, Value value);
  Value combineAtomic(tile::AtomicRMWOp op, Value old, Value value);

  // Prefetch.cpp
  llvm::FailureOr<Value> getAdvance(Value index, mlir::scf::ForOp loop);
  void preparePrefetch(tile::LoadOp op, Access &access);
  void emitPrefetch(Access &access, Value pointer, int64_t width);

  // Loops.cpp: loops over tiles.
  /// Vector width for loops that compute `values`.
  int64_t chooseWidth(ValueRange values, Operation *op, int64_t dim,
                      int64_t extent);
  /// The loads and gathers that are computed inline for `values` and by `op`,
  /// if given.
  SmallVector<Operation *> collectLoads(ValueRange values,
                                        Operation *op = nullptr);
  /// Emits `body` twice, for tiles wholly inside their memrefs and for others,
  /// where `loads` (and the store `extra`) need it.
  SmallVector<Value> versioned(ArrayRef<Operation *> loads,
                               mlir::TypeRange types,
                               llvm::function_ref<SmallVector<Value>()> body,
                               Value extra = {});
  /// Emits one of two loops; they share no values.
  void choose(Value condition, llvm::function_ref<void()> onTrue,
              llvm::function_ref<void()> onFalse);
  /// Loops over `shape`; innermost along `dim` by vectors.
  void forEach(ArrayRef<int64_t> shape, int64_t dim, int64_t width,
               llvm::function_ref<void(Point)> body);
  void forChunks(Point point, int64_t dim, int64_t extent, int64_t width,
                 llvm::function_ref<void(Point)> body);
  /// Brings `v`, buffered elsewhere or inline, to `target`.
  void materialize(Value v, Buffer target);
  /// Computes the result of an op of the inline kind into `target`.
  void computeInto(Operation *op, Buffer target);
  void computeTransposed(Operation *op, Buffer target);
  /// Loops over `shape`, reading vectors along `from` and writing vectors along
  /// `to`: by square blocks of `side`, `run` of them next to each other along
  /// `to` at once, and by elements at the edges.
  void forEachTransposed(ArrayRef<int64_t> shape, int64_t from, int64_t to,
                         int64_t side, int64_t run,
                         llvm::function_ref<Value(const Point &)> read,
                         llvm::function_ref<void(const Point &, Value)> write);
  void copyBuffer(Buffer from, Buffer to, Type type);
  /// A square block, given by rows of `point.width` elements along
  /// `point.dim` that follow each other along `across`; returned as vectors
  /// along `across` that follow each other along `point.dim`.
  SmallVector<Value>
  transposedBlock(const Point &point, int64_t across,
                  llvm::function_ref<Value(const Point &)> row);
  /// Side of the blocks of a transpose.
  int64_t getBlockSide(Type elementType);
  void emitBufferedOp(Operation *op);

  // Reduce.cpp
  void emitReduce(tile::ReduceOp op);
  SmallVector<Value> reduceRow(tile::ReduceOp op, Point point, int64_t width);
  void reduceAlongVector(tile::ReduceOp op, ArrayRef<Buffer> targets);
  void reduceAcrossVectors(tile::ReduceOp op, int64_t dim,
                           ArrayRef<Buffer> targets);

  // Scan.cpp
  void emitScan(tile::ScanOp op);
  SmallVector<Value> identities(mlir::ArrayAttr attrs, ValueRange operands,
                                int64_t width);
  void scanAcrossVectors(tile::ScanOp op, const Point &point,
                         ArrayRef<Buffer> targets);
  void scanAlongVector(tile::ScanOp op, Point point, int64_t width,
                       ArrayRef<Buffer> targets);
  SmallVector<Value> scanVector(tile::ScanOp op, const Point &point,
                                ArrayRef<Buffer> targets,
                                ArrayRef<Value> carry);
  void storeScanned(tile::ScanOp op, const Point &point,
                    ArrayRef<Buffer> targets, ArrayRef<Value> values);

  // Mma.cpp
  struct MmaShape;
  void emitMma(tile::MmaOp op);
  void packLhs(tile::MmaOp op, const MmaShape &mma, Buffer target,
               ArrayRef<Value> batch);
  void packRhs(tile::MmaOp op, const MmaShape &mma, Buffer target,
               ArrayRef<Value> batch);
  void emitMicroKernels(tile::MmaOp op, const MmaShape &mma, Value lhs,
                        Value rhs, Value acc);
  void emitMicroKernel(const MmaShape &mma, Value lhs, Value panel, Value acc,
                       int64_t rows, int64_t columns);
  Value joinPair(Value low, Value high, int64_t width);
  Value addPairProducts(Value left, Value right, Value sum, int64_t width);
  Value convertOperand(Value value, Type from, const MmaShape &mma,
                       int64_t width);

  tile::KernelOp kernel;
  const ChipInfo &level;
  /// Bytes of a vector register.
  int64_t vectorBytes;
  Plan plan;
  mlir::ImplicitLocOpBuilder b;
  mlir::LLVM::LLVMFuncOp func;
  bool failed = false;

  bool hasAtomics = false;
  mlir::IRMapping scalars;
  llvm::DenseMap<Value, MemRef> memrefs;
  llvm::DenseMap<Operation *, Access> accesses;
  llvm::DenseMap<Value, Buffer> buffers;
  llvm::DenseSet<Value> ownedBuffers; ///< released after their last use
  Arena arena;
  SmallVector<Value> programIds, numPrograms;
  std::map<std::pair<int64_t, unsigned>, Value> constants;
  llvm::DenseMap<int64_t, Value> bases;
  llvm::DenseMap<Operation *, unsigned> tables; ///< constants in the image
  Block *entry = nullptr;
  Operation *entryEnd = nullptr; ///< constants are inserted before it
  Buffer bounce;
  bool hasStreams = false;   ///< some stores go past the caches
  Operation *site = nullptr; ///< the op in whose loops code is emitted
  /// Loads may be partly outside of their memref.
  bool checked = false;

  /// Values evaluated in the innermost loop, and those above it, which do not
  /// depend on its induction variable.
  using MemoKey = std::tuple<void *, int64_t, int64_t, std::vector<void *>>;
  struct Scope {
    std::map<MemoKey, Value> memo;
    Operation *before = nullptr; ///< where to insert; null: as it comes
    Block *chunk = nullptr;      ///< the loop body
  };
  Scope chunkScope, rowScope;
};

} // namespace tilewright::host

#endif // TILEWRIGHT_LIB_CONVERSION_TILETOHOST_EMITTER_H
