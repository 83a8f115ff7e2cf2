// LaneEmitter.h - turns one kernel into the code of one lane.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_CONVERSION_TILETOLANES_LANEEMITTER_H
#define TILEWRIGHT_LIB_CONVERSION_TILETOLANES_LANEEMITTER_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "tilewright/Conversion/Numerics.h"
#include "tilewright/Conversion/TileToLanes/TileToLanes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <map>

namespace tilewright::lanes {

using mlir::ArrayRef;
using mlir::Attribute;
using mlir::Block;
using mlir::FailureOr;
using mlir::LogicalResult;
using mlir::Operation;
using mlir::SmallVector;
using mlir::SmallVectorImpl;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;

/// The registers of a tile: one value per chunk of `getChunk(type)` elements,
/// a vector, or a scalar where that is 1.
using Lanes = SmallVector<Value>;

/// One element: number `index` of vector `vector`, or the scalar `vector`
/// itself where `index` is -1. Without `vector` the element holds nothing.
struct Elem {
  Value vector;
  int64_t index = -1;
};
using Elems = SmallVector<Elem>;

/// Where the registers of a layout are, from one lane's point of view:
/// coordinate(reg, d) = base[d] + the register's own coordinate, unless the
/// bits of register and lane meet (`isSeparable`).
struct LaneCoords {
  SmallVector<Value> linear;     // lane and wave bits, i32; null: zero
  SmallVector<Value> waveRepeat; // repeats over waves, i32; null: zero
  SmallVector<Value> base;       // the two added; null: zero
  SmallVector<bool> isSeparable;
  Value isOwner; // this lane of this wave holds owners; null: always
};

/// A memref argument.
struct MemRef {
  Value pointer;
  SmallVector<Value> sizes, strides; // i64
  SmallVector<std::optional<int64_t>> staticStrides;
};

class LaneEmitter {
public:
  LaneEmitter(tile::KernelOp kernel, const TargetLowering &target);
  LogicalResult run();

private:
  //===--- Types and values (LaneValues.cpp) --------------------------------//
  Type convertElement(Type type) const; // f8 -> i8, index -> i64
  static Type getMemoryType(Type element); // i1 -> i8
  const Layout *getLayout(Type type) const; // null for scalars
  int64_t getNumRegisters(Type type) const;
  int64_t getChunk(Type type) const;
  void appendLaneTypes(Type type, SmallVectorImpl<Type> &types) const;

  Value i32(int64_t value);
  Value i64(int64_t value);
  Value zeroOf(Type type); // scalar or vector
  Value constantOf(Type type, Attribute value); // scalar

  Elem getElem(const Lanes &lanes, Type type, int64_t reg) const;
  Elems getElems(const Lanes &lanes, Type type) const;
  Value getScalar(Elem elem);
  Value getVector(ArrayRef<Elem> elems, Type element);
  Lanes pack(ArrayRef<Elem> elems, Type type);
  Lanes pack(ArrayRef<Value> scalars, Type type);
  const Lanes &get(Value value);
  Value getUniform(Value value); // the one value of a scalar
  void set(Value value, Lanes lanes) { values[value] = std::move(lanes); }

  /// Applies `fn` to each 32-bit word of `value`.
  Value mapWords(Value value, llvm::function_ref<Value(Value)> fn);
  Value shuffleXor(Value value, int64_t mask);
  Value shuffle(Value value, Value sourceLane);

  //===--- Places (Places.cpp) ----------------------------------------------//
  const LaneCoords &getCoords(Type type);
  /// Coordinate of a register along a dimension: `variable` (null: zero) plus
  /// `constant`.
  struct Coord {
    Value variable;
    int64_t constant;
  };
  Coord getCoord(Type type, int64_t reg, int64_t dim);
  Value getCoordValue(Type type, int64_t reg, int64_t dim); // i32
  /// Whether the register is within the tensor: a constant, or a value.
  Value isInside(Type type, int64_t reg, int64_t dim); // null: always
  bool isNeverInside(Type type, int64_t reg);
  /// For each register of `result` the register of `source` that holds, in
  /// each lane, the element at map(position). -1: holds nothing.
  FailureOr<SmallVector<int64_t>>
  findRegisters(Operation *op, Type result, Type source,
                llvm::function_ref<Coords(const Coords &)> map);
  Value emitBits(Value number, ArrayRef<Coords> vectors, unsigned dim);

  //===--- Function and control flow (Kernel.cpp, Control.cpp) --------------//
  LogicalResult checkLayouts();
  void createFunction();
  void emitProgramIds();
  Value emitAffine(mlir::AffineExpr expr, ArrayRef<Value> symbols);
  Value emitSymbol(llvm::StringRef name);
  LogicalResult finishFunction();
  LogicalResult emitBlock(Block &block);
  LogicalResult emitOp(Operation *op);
  LogicalResult emitFor(mlir::scf::ForOp op);
  LogicalResult emitIf(mlir::scf::IfOp op);
  LogicalResult emitWhile(mlir::scf::WhileOp op);
  LogicalResult emitRegion(Block &block, ValueRange args,
                           SmallVectorImpl<Value> &results);
  void bindArguments(Block &block, ValueRange args);
  void bindResults(Operation *op, ValueRange results);
  void appendOperands(ValueRange operands, SmallVectorImpl<Value> &out);

  //===--- Elementwise and shape ops (Elementwise.cpp, Shape.cpp) -----------//
  LogicalResult emitElementwise(Operation *op);
  LogicalResult emitConvert(Operation *op, RoundingMode mode, bool saturate);
  LogicalResult emitConstant(mlir::arith::ConstantOp op);
  LogicalResult emitDim(mlir::memref::DimOp op);
  LogicalResult emitIota(tile::IotaOp op);
  LogicalResult emitBroadcast(tile::BroadcastOp op);
  LogicalResult emitReshape(tile::ReshapeOp op);
  LogicalResult emitTranspose(tile::TransposeOp op);
  LogicalResult emitExtractSlice(tile::ExtractSliceOp op);
  LogicalResult emitMapped(Operation *op, Value source, Value result,
                           llvm::function_ref<Coords(const Coords &)> map);
  LogicalResult emitRelayout(tile::RelayoutOp op);

  //===--- Memory (GlobalMemory.cpp, Atomics.cpp, SharedMemory.cpp) ---------//
  struct Access;
  FailureOr<Access> getAccess(Operation *op, Value memref, ValueRange indices,
                              ArrayRef<int64_t> walk, Type tile);
  Value getPredicate(Access &access, int64_t reg); // null: always
  Value getPointer(Access &access, int64_t reg);
  Value getZeroPage();
  LogicalResult emitRead(Operation *op, Value memref, ValueRange indices,
                         ArrayRef<int64_t> walk, Value padding, Value result,
                         bool isStream);
  LogicalResult emitWrite(Operation *op, Value value, Value memref,
                          ValueRange indices, ArrayRef<int64_t> walk,
                          bool isStream);
  LogicalResult emitAtomic(tile::AtomicRMWOp op);
  Value emitAtomicElement(tile::AtomicRMWOp op, Value pointer, Value value);
  Value emitAtomicFloat8(tile::AtomicRMWOp op, Value pointer, Value value);
  void shareFromOwners(Type type, SmallVectorImpl<Value> &scalars);
  LogicalResult emitAllocShared(tile::AllocSharedOp op);
  LogicalResult emitStoreShared(tile::StoreSharedOp op);
  LogicalResult emitLoadShared(tile::LoadSharedOp op);
  struct SharedAccess;
  FailureOr<SharedAccess> getSharedAccess(Operation *op, Value buffer,
                                          Type tile);
  Value getSharedPointer(SharedAccess &access, int64_t reg);
  Value getSharedBase();
  Value andAlso(Value a, Value b); // null: true
  Value loadElements(Type element, int64_t count, Value pointer,
                     int64_t alignment, bool isStream);
  void storeElements(ArrayRef<Elem> elems, Type element, Value pointer,
                     int64_t alignment, bool isStream);

  //===--- Mma, reduce, scan (Mma.cpp, ReduceScan.cpp) ----------------------//
  LogicalResult emitMma(tile::MmaOp op);
  LogicalResult emitMmaAtom(tile::MmaOp op, const MmaAtom &atom);
  LogicalResult emitMmaFma(tile::MmaOp op);
  void maskContraction(Type type, unsigned dim, Elems &elems);
  Value widenForFma(Value value, Type from, Type to);
  LogicalResult emitReduce(tile::ReduceOp op);
  LogicalResult emitScan(tile::ScanOp op);
  FailureOr<SmallVector<Value>> combine(Block &block, ArrayRef<Value> left,
                                        ArrayRef<Value> right);
  SmallVector<SmallVector<Value>> getMaskedScalars(ValueRange operands,
                                                   int64_t axis,
                                                   mlir::ArrayAttr identity);

  tile::KernelOp kernel;
  const TargetLowering &target;
  mlir::ImplicitLocOpBuilder b;
  mlir::ImplicitLocOpBuilder prologue;
  mlir::LLVM::LLVMFuncOp func;
  Block *body = nullptr;

  int64_t numWaves = 1;
  int64_t maxChunk = 4;
  Value thread, lane, wave;
  SmallVector<Value> programIds, gridExtents;
  llvm::DenseMap<Value, Lanes> values;
  llvm::DenseMap<Value, MemRef> memrefs;
  llvm::DenseMap<Value, int64_t> sharedOffsets;
  mutable llvm::DenseMap<Attribute, std::unique_ptr<Layout>> layouts;
  llvm::DenseMap<Attribute, std::unique_ptr<LaneCoords>> coords;
  llvm::DenseMap<std::pair<int64_t, unsigned>, Value> intConstants;
  mlir::LLVM::GlobalOp zeroPage;
  Value zeroPageAddress, sharedBase;
  mlir::LLVM::GlobalOp sharedGlobal;
  int64_t sharedBytes = 0, scratchBytes = 0;
  unsigned numConstantGlobals = 0;
};

} // namespace tilewright::lanes

#endif // TILEWRIGHT_LIB_CONVERSION_TILETOLANES_LANEEMITTER_H
