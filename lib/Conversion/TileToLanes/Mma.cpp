// Mma.cpp - matrix multiply-accumulate by atoms, or by FMAs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LaneEmitter.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "tilewright/Conversion/Numerics.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

LogicalResult LaneEmitter::emitMma(tile::MmaOp op) {
  std::optional<StringRef> name = op.getAtom();
  if (!name)
    return emitMmaFma(op);
  const MmaAtom *atom = target.chip.findAtom(*name);
  if (!atom)
    return op.emitOpError("expected an atom of '")
           << target.chip.name << "', but got \"" << *name << "\"";
  return emitMmaAtom(op, *atom);
}

// Operand positions past the end of K hold anything, NaN included: zeros.
void LaneEmitter::maskContraction(Type type, unsigned dim, Elems &elems) {
  Type element = convertElement(getElementTypeOrSelf(type));
  if (getLayout(type)->getShape()[dim] <= tile::getTileShape(type)[dim])
    return;
  for (auto [reg, elem] : llvm::enumerate(elems)) {
    Value inside = isInside(type, reg, dim);
    if (!inside)
      continue;
    Value zero = zeroOf(element);
    if (isNeverInside(type, reg) &&
        getLayout(type)->apply(reg, 0, 0)[dim] >=
            tile::getTileShape(type)[dim]) {
      elem = {zero, -1};
      continue;
    }
    elem = {arith::SelectOp::create(b, inside, getScalar(elem), zero), -1};
  }
}

namespace {
/// Registers of one atom's operand within a tile, and where they start.
struct AtomBlock {
  Coords origin; // with the dims of batches
  SmallVector<int64_t> registers;
};
} // namespace

// The registers of an operand are those of one atom (the low ones), repeated.
static SmallVector<AtomBlock> getBlocks(const Layout &tile,
                                        const Layout &atom) {
  SmallVector<AtomBlock> blocks;
  int64_t size = atom.getNumRegisters(), count = tile.getNumRegisters();
  for (int64_t first = 0; first + size <= count; first += size) {
    AtomBlock block;
    block.origin = tile.apply(first, 0, 0);
    for (int64_t r = 0; r < size; ++r)
      block.registers.push_back(first + r);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

// Whether the places of `block` differ from those of the atom in the order of
// dimension `free` (K) alone, -1 for none.
static bool matchesAtom(const Layout &tile, const Layout &atom,
                        const AtomBlock &block, int free) {
  unsigned batch = tile.getRank() - 2;
  for (auto [r, reg] : llvm::enumerate(block.registers))
    for (int64_t lane = 0; lane < tile.getNumLanes(); ++lane) {
      // Lanes are affine in their bits: each bit alone tells all.
      if (lane & (lane - 1))
        continue;
      Coords at = tile.apply(reg, lane, 0), want = atom.apply(r, lane, 0);
      for (unsigned d = 0; d < batch; ++d)
        if (at[d] != block.origin[d])
          return false;
      for (int d = 0; d < 2; ++d)
        if (d != free && at[batch + d] - block.origin[batch + d] != want[d])
          return false;
    }
  return true;
}

// The actual K of each K of the atom, in the order of the atom.
static std::map<int64_t, int64_t> getOrder(const Layout &tile,
                                           const Layout &atom,
                                           const AtomBlock &block, int kDim) {
  std::map<int64_t, int64_t> order;
  unsigned batch = tile.getRank() - 2;
  for (auto [r, reg] : llvm::enumerate(block.registers))
    for (int64_t lane = 0; lane < tile.getNumLanes(); ++lane)
      order[atom.apply(r, lane, 0)[kDim]] =
          tile.apply(reg, lane, 0)[batch + kDim];
  return order;
}

LogicalResult LaneEmitter::emitMmaAtom(tile::MmaOp op, const MmaAtom &atom) {
  Type lhsType = op.getLhs().getType(), rhsType = op.getRhs().getType(),
       accType = op.getAcc().getType();
  const Layout &lhs = *getLayout(lhsType), &rhs = *getLayout(rhsType),
               &acc = *getLayout(accType);
  unsigned rank = acc.getRank(), batch = rank - 2;
  auto mismatch = [&](StringRef name, Type type) {
    return op.emitOpError("expected '")
           << name << "' in the layout of atom \"" << atom.name
           << "\", but got " << type;
  };
  SmallVector<AtomBlock> lhsBlocks = getBlocks(lhs, atom.lhs),
                         rhsBlocks = getBlocks(rhs, atom.rhs),
                         accBlocks = getBlocks(acc, atom.acc);
  for (const AtomBlock &block : lhsBlocks)
    if (!matchesAtom(lhs, atom.lhs, block, 1))
      return mismatch("lhs", lhsType);
  for (const AtomBlock &block : rhsBlocks)
    if (!matchesAtom(rhs, atom.rhs, block, 0))
      return mismatch("rhs", rhsType);
  for (const AtomBlock &block : accBlocks)
    if (!matchesAtom(acc, atom.acc, block, -1))
      return mismatch("acc", accType);
  if (accBlocks.empty() || lhsBlocks.empty() || rhsBlocks.empty())
    return mismatch("operands", accType);

  Elems lhsElems = getElems(get(op.getLhs()), lhsType),
        rhsElems = getElems(get(op.getRhs()), rhsType),
        accElems = getElems(get(op.getAcc()), accType);
  maskContraction(lhsType, rank - 1, lhsElems);
  maskContraction(rhsType, rank - 2, rhsElems);

  // Blocks of an operand by everything but K, in the order of their K.
  auto group = [&](ArrayRef<AtomBlock> blocks, unsigned kDim) {
    std::map<SmallVector<int64_t>, SmallVector<const AtomBlock *>> groups;
    for (const AtomBlock &block : blocks) {
      SmallVector<int64_t> key(block.origin.begin(), block.origin.end());
      key.erase(key.begin() + kDim);
      groups[key].push_back(&block);
    }
    for (auto &[key, list] : groups) {
      llvm::stable_sort(list, [&](const AtomBlock *x, const AtomBlock *y) {
        return x->origin[kDim] < y->origin[kDim];
      });
      // Replicas of a block contract once.
      list.erase(std::unique(list.begin(), list.end(),
                             [&](const AtomBlock *x, const AtomBlock *y) {
                               return x->origin == y->origin;
                             }),
                 list.end());
    }
    return groups;
  };
  auto lhsGroups = group(lhsBlocks, rank - 1);
  auto rhsGroups = group(rhsBlocks, rank - 2);
  // Blocks of equal K need equal orders: check each K once.
  const auto &someLhs = lhsGroups.begin()->second;
  const auto &someRhs = rhsGroups.begin()->second;
  if (someLhs.size() != someRhs.size())
    return mismatch("rhs", rhsType);
  for (auto [l, r] : llvm::zip(someLhs, someRhs))
    if (getOrder(lhs, atom.lhs, *l, 1) != getOrder(rhs, atom.rhs, *r, 0))
      return op.emitOpError("expected 'lhs' and 'rhs' to agree on the order of "
                            "the contraction, but got ")
             << lhsType << " and " << rhsType;

  Type lhsElement = convertElement(getElementTypeOrSelf(lhsType));
  Type rhsElement = convertElement(getElementTypeOrSelf(rhsType));
  Type accElement = convertElement(getElementTypeOrSelf(accType));
  llvm::DenseMap<const AtomBlock *, Value> vectors;
  auto getOperand = [&](const AtomBlock *block, Elems &elems, Type element) {
    Value &value = vectors[block];
    if (!value) {
      Elems part;
      for (int64_t reg : block->registers)
        part.push_back(elems[reg]);
      value = getVector(part, element);
    }
    return value;
  };
  // K is the outer loop: consecutive instructions are independent.
  SmallVector<Value> sums;
  SmallVector<std::pair<const SmallVector<const AtomBlock *> *,
                        const SmallVector<const AtomBlock *> *>>
      operands;
  for (const AtomBlock &block : accBlocks) {
    SmallVector<int64_t> lhsKey(block.origin.begin(),
                                block.origin.begin() + batch);
    SmallVector<int64_t> rhsKey = lhsKey;
    lhsKey.push_back(block.origin[batch]);
    rhsKey.push_back(block.origin[batch + 1]);
    auto l = lhsGroups.find(lhsKey), r = rhsGroups.find(rhsKey);
    if (l == lhsGroups.end())
      return mismatch("lhs", lhsType);
    if (r == rhsGroups.end())
      return mismatch("rhs", rhsType);
    operands.push_back({&l->second, &r->second});
    Elems part;
    for (int64_t reg : block.registers)
      part.push_back(accElems[reg]);
    sums.push_back(getVector(part, accElement));
  }
  for (size_t k = 0; k < someLhs.size(); ++k)
    for (auto [sum, pair] : llvm::zip(sums, operands)) {
      if (k >= pair.first->size() || k >= pair.second->size())
        return mismatch("operands", lhsType);
      FailureOr<Value> result = target.emitMma(
          b, atom, getOperand((*pair.first)[k], lhsElems, lhsElement),
          getOperand((*pair.second)[k], rhsElems, rhsElement), sum);
      if (failed(result))
        return op.emitOpError("has no lowering of atom \"")
               << atom.name << "\" for '" << target.chip.name << "'";
      sum = *result;
    }
  for (auto [block, sum] : llvm::zip(accBlocks, sums)) {
    bool isScalar = block.registers.size() == 1;
    for (auto [i, reg] : llvm::enumerate(block.registers))
      accElems[reg] = {sum, isScalar ? -1 : static_cast<int64_t>(i)};
  }
  set(op, pack(accElems, accType));
  return success();
}

// Products of narrow types are exact in the type of the sum.
Value LaneEmitter::widenForFma(Value value, Type from, Type to) {
  if (from == to)
    return value;
  if (isa<IntegerType>(from))
    return arith::ExtSIOp::create(b, to, value);
  if (tile::isFp8Type(from)) {
    value = arith::BitcastOp::create(b, from, value);
    return expandConvert(b, b.getLoc(), value, to);
  }
  return arith::ExtFOp::create(b, to, value);
}

LogicalResult LaneEmitter::emitMmaFma(tile::MmaOp op) {
  Type lhsType = op.getLhs().getType(), rhsType = op.getRhs().getType(),
       accType = op.getAcc().getType();
  Type lhsElement = getElementTypeOrSelf(lhsType),
       rhsElement = getElementTypeOrSelf(rhsType),
       accElement = getElementTypeOrSelf(accType);
  unsigned rank = getLayout(accType)->getRank();
  int64_t depth = tile::getTileShape(lhsType)[rank - 1];
  Lanes lhs = get(op.getLhs()), rhs = get(op.getRhs());
  SmallVector<Value> sums;
  for (Elem elem : getElems(get(op.getAcc()), accType))
    sums.push_back(getScalar(elem));
  llvm::DenseMap<int64_t, Value> lhsWide, rhsWide;
  auto widen = [&](llvm::DenseMap<int64_t, Value> &wide, const Lanes &lanes,
                   Type type, int64_t reg) {
    Value &value = wide[reg];
    if (!value)
      value = widenForFma(getScalar(getElem(lanes, type, reg)),
                          getElementTypeOrSelf(type), accElement);
    return value;
  };
  (void)lhsElement;
  (void)rhsElement;
  for (int64_t k = 0; k < depth; ++k) {
    auto lhsRegisters =
        findRegisters(op, accType, lhsType, [&](const Coords &position) {
          Coords at = position;
          at[rank - 1] = k;
          return at;
        });
    auto rhsRegisters =
        findRegisters(op, accType, rhsType, [&](const Coords &position) {
          Coords at = position;
          at[rank - 2] = k;
          return at;
        });
    if (failed(lhsRegisters) || failed(rhsRegisters))
      return failure();
    for (auto [sum, l, r] : llvm::zip(sums, *lhsRegisters, *rhsRegisters)) {
      if (l < 0 || r < 0)
        continue;
      Value x = widen(lhsWide, lhs, lhsType, l);
      Value y = widen(rhsWide, rhs, rhsType, r);
      if (isa<FloatType>(accElement))
        sum = math::FmaOp::create(b, x, y, sum);
      else
        sum = arith::AddIOp::create(b, sum, arith::MulIOp::create(b, x, y));
    }
  }
  set(op, pack(sums, accType));
  return success();
}
