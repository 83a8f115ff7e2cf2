// Access.cpp - addresses and predicates of one op on global memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Access.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

// Proof that an index is not negative; overflow of 64 bits does not occur in
// products of sizes and coordinates.
static bool isNonNegative(Value value, unsigned depth = 0) {
  if (depth > 16)
    return false;
  IntegerAttr constant;
  if (matchPattern(value, m_Constant(&constant)))
    return !constant.getValue().isNegative();
  auto both = [&](Operation *op) {
    return isNonNegative(op->getOperand(0), depth + 1) &&
           isNonNegative(op->getOperand(1), depth + 1);
  };
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(arg.getOwner()->getParentOp());
    return loop && arg == loop.getInductionVar() &&
           isNonNegative(loop.getLowerBound(), depth + 1);
  }
  Operation *op = value.getDefiningOp();
  if (isa<tile::ProgramIdOp, tile::NumProgramsOp, memref::DimOp>(op))
    return true;
  if (isa<arith::AddIOp, arith::MulIOp, arith::DivSIOp, arith::CeilDivSIOp,
          arith::FloorDivSIOp, arith::DivUIOp, arith::CeilDivUIOp,
          arith::MinSIOp>(op))
    return both(op);
  if (isa<arith::RemUIOp, arith::RemSIOp>(op))
    return isNonNegative(op->getOperand(0), depth + 1) &&
           isNonNegative(op->getOperand(1), depth + 1);
  if (isa<arith::MaxSIOp>(op))
    return isNonNegative(op->getOperand(0), depth + 1) ||
           isNonNegative(op->getOperand(1), depth + 1);
  return false;
}

Value LaneEmitter::andAlso(Value a, Value c) {
  if (!a || !c)
    return a ? a : c;
  return arith::AndIOp::create(b, a, c);
}

FailureOr<LaneEmitter::Access>
LaneEmitter::getAccess(Operation *op, Value memref, ValueRange indices,
                       ArrayRef<int64_t> walk, Type tile) {
  auto it = memrefs.find(memref);
  if (it == memrefs.end())
    return op->emitOpError(
        "expected a memref that is an argument of the kernel");
  Access access;
  access.memref = &it->second;
  access.tile = tile;
  access.walk.assign(walk.begin(), walk.end());
  access.memoryType = getMemoryType(convertElement(getElementTypeOrSelf(tile)));
  if (auto vector = op->getAttrOfType<IntegerAttr>("tile.vector"))
    access.vector = vector.getInt();
  int64_t registers = getNumRegisters(tile);
  if (access.vector < 1 || !llvm::isPowerOf2_64(access.vector) ||
      registers % access.vector != 0)
    return op->emitOpError("expected 'tile.vector' to be a power of two that "
                           "divides the ")
           << registers << " registers, but got " << access.vector;

  ArrayRef<int64_t> shape = tile::getTileShape(tile);
  Type i32Type = b.getI32Type(), i64Type = b.getI64Type();
  Value offset; // i64, elements
  auto addTo = [&](Value &sum, Value term) {
    sum = sum ? Value(arith::AddIOp::create(b, sum, term)) : term;
  };
  auto clamp = [&](Value value, int64_t extent) {
    value = arith::MaxSIOp::create(b, value, i64(0));
    value = arith::MinSIOp::create(b, value, i64(extent));
    return arith::TruncIOp::create(b, i32Type, value);
  };
  for (auto [d, index] : llvm::enumerate(indices)) {
    access.origins.emplace_back();
    access.indices.emplace_back();
    access.low.emplace_back();
    access.high.emplace_back();
    Value size = access.memref->sizes[d], stride = access.memref->strides[d];
    if (isa<TensorType>(index.getType())) {
      ArrayRef<int64_t> indexShape = tile::getTileShape(index.getType());
      FailureOr<SmallVector<int64_t>> registers = findRegisters(
          op, tile, index.getType(), [&](const Coords &position) {
            Coords at = position;
            for (auto [dim, extent] : llvm::enumerate(indexShape))
              if (extent == 1)
                at[dim] = 0;
            return at;
          });
      if (failed(registers))
        return failure();
      const Lanes lanes = get(index);
      std::map<int64_t, Value> extended;
      for (int64_t reg : *registers) {
        if (reg < 0) {
          access.indices[d].push_back(i64(0));
          continue;
        }
        Value &value = extended[reg];
        if (!value) {
          value = getScalar(getElem(lanes, index.getType(), reg));
          if (value.getType() != i64Type)
            value = arith::ExtSIOp::create(b, i64Type, value);
        }
        access.indices[d].push_back(value);
      }
      continue;
    }
    Value origin = getUniform(index);
    access.origins[d] = origin;
    addTo(offset, arith::MulIOp::create(b, origin, stride));
    if (walk[d] < 0) {
      Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, origin,
                                           size);
      access.uniform = andAlso(access.uniform, inside);
      continue;
    }
    int64_t extent = shape[walk[d]];
    access.high[d] = clamp(arith::SubIOp::create(b, size, origin), extent);
    if (!isNonNegative(index))
      access.low[d] =
          clamp(arith::SubIOp::create(b, i64(0), origin), extent);
    // The lane's part of the offset, in 32 bits where the stride is known.
    if (!getLayout(tile) || !getCoords(tile).isSeparable[walk[d]])
      continue;
    Value base = getCoords(tile).base[walk[d]];
    if (!base)
      continue;
    std::optional<int64_t> known = access.memref->staticStrides[d];
    int64_t padded = getLayout(tile)->getShape()[walk[d]];
    Value part;
    if (known && *known >= 0 && *known < (int64_t(1) << 31) / padded) {
      part = base;
      if (*known != 1)
        part = arith::MulIOp::create(b, part, i32(*known));
      part = arith::ExtUIOp::create(b, i64Type, part);
    } else {
      part = arith::MulIOp::create(b, arith::ExtUIOp::create(b, i64Type, base),
                                   stride);
    }
    addTo(access.laneOffset, part);
  }
  access.base = access.memref->pointer;
  if (offset)
    access.base = LLVM::GEPOp::create(
        b, access.base.getType(), access.memoryType, access.base,
        ArrayRef<LLVM::GEPArg>{offset});
  return access;
}

Value LaneEmitter::getPredicate(Access &access, int64_t reg) {
  Value predicate = access.uniform;
  ArrayRef<int64_t> shape = tile::getTileShape(access.tile);
  SmallVector<bool> isChecked(shape.size());
  for (auto [d, walked] : llvm::enumerate(access.walk)) {
    if (!access.origins[d]) {
      predicate = andAlso(
          predicate,
          arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                                access.indices[d][reg],
                                access.memref->sizes[d]));
      continue;
    }
    if (walked < 0)
      continue;
    isChecked[walked] = true;
    // c < high, and low <= c by one unsigned comparison of differences.
    Coord coord = getCoord(access.tile, reg, walked);
    bool isCached = getCoords(access.tile).isSeparable[walked];
    Value fresh;
    Value &inside =
        isCached ? access.comparisons[{d, coord.constant}] : fresh;
    if (!inside) {
      Value variable = coord.variable ? coord.variable : i32(0);
      Value high = access.high[d];
      auto predicateKind = arith::CmpIPredicate::slt;
      if (Value low = access.low[d]) {
        if (coord.constant)
          variable = arith::AddIOp::create(b, variable, i32(coord.constant));
        variable = arith::SubIOp::create(b, variable, low);
        high = arith::SubIOp::create(b, high, low);
        predicateKind = arith::CmpIPredicate::ult;
      } else if (coord.constant) {
        high = arith::SubIOp::create(b, high, i32(coord.constant));
      }
      inside = arith::CmpIOp::create(b, predicateKind, variable, high);
    }
    predicate = andAlso(predicate, inside);
  }
  // Tile dims that no memref dim walks may be padded, too.
  for (auto [dim, checked] : llvm::enumerate(isChecked))
    if (!checked)
      predicate = andAlso(predicate, isInside(access.tile, reg, dim));
  return predicate;
}

Value LaneEmitter::getPointer(Access &access, int64_t reg) {
  auto step = [&](Value pointer, Value offset) -> Value {
    return LLVM::GEPOp::create(b, pointer.getType(), access.memoryType, pointer,
                               ArrayRef<LLVM::GEPArg>{offset});
  };
  // Parts: of the register alone (uniform), known numbers, per lane.
  int64_t known = 0;
  SmallVector<int64_t> key;
  Value uniform, own;
  auto addTo = [&](Value &sum, Value term) {
    sum = sum ? Value(arith::AddIOp::create(b, sum, term)) : term;
  };
  Type i64Type = b.getI64Type();
  SmallVector<std::pair<int64_t, Value>> uniformParts;
  for (auto [d, walked] : llvm::enumerate(access.walk)) {
    Value stride = access.memref->strides[d];
    if (!access.origins[d]) {
      addTo(own, arith::MulIOp::create(b, access.indices[d][reg], stride));
      continue;
    }
    if (walked < 0)
      continue;
    Coord coord = getCoord(access.tile, reg, walked);
    if (!getCoords(access.tile).isSeparable[walked])
      addTo(own, arith::MulIOp::create(
                     b, arith::ExtUIOp::create(b, i64Type, coord.variable),
                     stride));
    if (access.memref->staticStrides[d]) {
      known += coord.constant * *access.memref->staticStrides[d];
    } else {
      key.push_back(coord.constant);
      if (coord.constant)
        uniformParts.push_back({coord.constant, stride});
    }
  }
  Value fresh;
  Value &pointer = own ? fresh : access.pointers[key];
  if (!pointer) {
    for (auto [constant, stride] : uniformParts)
      addTo(uniform, arith::MulIOp::create(b, stride, i64(constant)));
    pointer = access.base;
    if (uniform)
      pointer = step(pointer, uniform);
    if (access.laneOffset)
      pointer = step(pointer, access.laneOffset);
    if (own)
      pointer = step(pointer, own);
  }
  return known ? step(pointer, i64(known)) : pointer;
}

Value LaneEmitter::getZeroPage() {
  if (zeroPageAddress)
    return zeroPageAddress;
  // Sixteen zero bytes that a lane reads in place of what is out of bounds.
  OpBuilder top(func);
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), 16);
  std::string name = ("__zeros_" + kernel.getSymName()).str();
  zeroPage = LLVM::GlobalOp::create(
      top, b.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Internal, name,
      DenseElementsAttr::get(RankedTensorType::get({16}, b.getI8Type()),
                             b.getI8IntegerAttr(0)),
      /*alignment=*/16, /*addrSpace=*/1);
  zeroPageAddress = LLVM::AddressOfOp::create(
      prologue, LLVM::LLVMPointerType::get(b.getContext(), 1), name);
  return zeroPageAddress;
}
