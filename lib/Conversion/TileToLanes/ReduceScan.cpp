// ReduceScan.cpp - combining elements along an axis within a wave.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LaneEmitter.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

FailureOr<SmallVector<Value>> LaneEmitter::combine(Block &block,
                                                   ArrayRef<Value> left,
                                                   ArrayRef<Value> right) {
  SmallVector<Value> args(left.begin(), left.end()), results;
  llvm::append_range(args, right);
  Location loc = b.getLoc();
  if (failed(emitRegion(block, args, results)))
    return failure();
  b.setLoc(loc);
  return results;
}

// Per register one scalar of each operand; past the end of the axis the
// identity.
SmallVector<SmallVector<Value>>
LaneEmitter::getMaskedScalars(ValueRange operands, int64_t axis,
                              ArrayAttr identity) {
  Type type = operands.front().getType();
  SmallVector<SmallVector<Value>> scalars(getNumRegisters(type));
  for (auto [operand, neutral] : llvm::zip(operands, identity)) {
    Type element = convertElement(getElementTypeOrSelf(operand.getType()));
    const Lanes lanes = get(operand);
    for (auto [reg, list] : llvm::enumerate(scalars)) {
      Value scalar = getScalar(getElem(lanes, operand.getType(), reg));
      if (Value inside = isInside(type, reg, axis))
        scalar = arith::SelectOp::create(b, inside, scalar,
                                         constantOf(element, neutral));
      list.push_back(scalar);
    }
  }
  return scalars;
}

namespace {
/// How the coordinate along an axis is made of registers and lanes.
struct AxisPlan {
  /// Lane bits that step along the axis alone, ascending by their step.
  SmallVector<std::pair<int64_t, unsigned>> laneBits; // step, bit
  int64_t laneSteps = 0;                              // OR of the steps
};
} // namespace

static bool isAlong(const Coords &vector, unsigned axis, bool &isMixed) {
  bool along = vector[axis] != 0, others = false;
  for (auto [dim, step] : llvm::enumerate(vector))
    others |= dim != axis && step != 0;
  isMixed = along && others;
  return along;
}

static FailureOr<AxisPlan> planAxis(Operation *op, const Layout &layout,
                                    unsigned axis) {
  AxisPlan plan;
  auto refuse = [&](StringRef what) -> LogicalResult {
    return op->emitOpError("expected an axis in registers and lanes of a wave, "
                           "but ")
           << what << " of " << op->getOperand(0).getType();
  };
  int64_t freeLanes = layout.getFreeBits(LayoutUnit::Lane);
  int64_t freeWaves = layout.getFreeBits(LayoutUnit::Wave);
  bool isMixed = false;
  for (auto [i, vector] : llvm::enumerate(layout.getVectors(LayoutUnit::Lane)))
    if (!(freeLanes >> i & 1) && isAlong(vector, axis, isMixed)) {
      if (isMixed)
        return refuse("a lane bit steps along other dimensions, too,");
      plan.laneBits.push_back({vector[axis], static_cast<unsigned>(i)});
      plan.laneSteps |= vector[axis];
    }
  for (auto [i, vector] : llvm::enumerate(layout.getVectors(LayoutUnit::Wave)))
    if (!(freeWaves >> i & 1) && isAlong(vector, axis, isMixed))
      return refuse("waves share it in the layout");
  for (const LayoutRepeat &repeat : layout.getRepeats())
    if (repeat.unit == LayoutUnit::Wave &&
        repeat.dim == static_cast<int>(axis))
      return refuse("waves share it in the layout");
  llvm::sort(plan.laneBits);
  return plan;
}

/// Owner registers by position without the axis (of lane 0, wave 0), each list
/// ascending along it.
using Lines =
    std::map<SmallVector<int64_t>, SmallVector<std::pair<int64_t, int64_t>>>;

static Lines getLines(const Layout &layout, unsigned axis) {
  Lines lines;
  for (int64_t reg = 0; reg < layout.getNumRegisters(); ++reg) {
    if (!layout.isOwner(reg, 0, 0))
      continue;
    Coords at = layout.apply(reg, 0, 0);
    SmallVector<int64_t> key(at.begin(), at.end());
    key.erase(key.begin() + axis);
    lines[key].push_back({at[axis], reg});
  }
  for (auto &[key, line] : lines)
    llvm::sort(line);
  return lines;
}

LogicalResult LaneEmitter::emitReduce(tile::ReduceOp op) {
  Type type = op.getOperands().front().getType();
  const Layout &layout = *getLayout(type);
  unsigned axis = op.getAxis();
  FailureOr<AxisPlan> plan = planAxis(op, layout, axis);
  if (failed(plan))
    return failure();
  Lines lines = getLines(layout, axis);
  int64_t covered = (int64_t(1) << plan->laneBits.size()) *
                    static_cast<int64_t>(lines.begin()->second.size());
  if (covered != layout.getShape()[axis])
    return op.emitOpError("expected an axis that lanes hold as a whole, but "
                          "they hold ")
           << covered << " of " << layout.getShape()[axis]
           << " positions in " << type;

  SmallVector<SmallVector<Value>> scalars =
      getMaskedScalars(op.getOperands(), axis, op.getIdentity());
  // A tree over the registers, then a butterfly over the lanes.
  std::map<SmallVector<int64_t>, SmallVector<Value>> sums;
  for (auto &[key, line] : lines) {
    SmallVector<SmallVector<Value>> level;
    for (auto [coord, reg] : line)
      level.push_back(scalars[reg]);
    while (level.size() > 1) {
      SmallVector<SmallVector<Value>> next;
      for (size_t i = 0; i + 1 < level.size(); i += 2) {
        auto sum = combine(op.getCombiner(), level[i], level[i + 1]);
        if (failed(sum))
          return failure();
        next.push_back(*sum);
      }
      if (level.size() % 2)
        next.push_back(level.back());
      level = std::move(next);
    }
    SmallVector<Value> sum = level.front();
    for (auto [step, bit] : plan->laneBits) {
      SmallVector<Value> other;
      for (Value value : sum)
        other.push_back(shuffleXor(value, int64_t(1) << bit));
      // The region commutes: both lanes get the same result.
      auto result = combine(op.getCombiner(), sum, other);
      if (failed(result))
        return failure();
      sum = *result;
    }
    sums[key] = sum;
  }

  for (auto [n, result] : llvm::enumerate(op.getResults())) {
    Type resultType = result.getType();
    const Layout *to = getLayout(resultType);
    if (!to) {
      Value value = mapWords(sums.begin()->second[n], [&](Value word) {
        return target.emitUniform(b, word);
      });
      set(result, {value});
      continue;
    }
    // The result's places are those of the operand without the axis.
    Elems elems;
    Layout dropped = layout.dropDim(axis);
    for (int64_t reg = 0, end = to->getNumRegisters(); reg < end; ++reg) {
      Coords at = to->apply(reg, 0, 0);
      auto found = sums.find(SmallVector<int64_t>(at.begin(), at.end()));
      bool isNever = false;
      if (found == sums.end())
        isNever = isNeverInside(resultType, reg);
      for (int64_t bit = 1; bit < to->getNumLanes() && !isNever; bit *= 2) {
        Coords want = to->apply(reg, bit, 0), have = dropped.apply(0, bit, 0);
        Coords zero = dropped.apply(0, 0, 0);
        for (unsigned d = 0; d < want.size(); ++d)
          if ((want[d] ^ at[d]) != (have[d] ^ zero[d]))
            found = sums.end();
      }
      if (found == sums.end() && !isNever)
        return op.emitOpError("expected a result in the layout of the operand "
                              "without the axis, but got ")
               << resultType;
      elems.push_back(isNever ? Elem() : Elem{found->second[n], -1});
    }
    set(result, pack(elems, resultType));
  }
  return success();
}

LogicalResult LaneEmitter::emitScan(tile::ScanOp op) {
  Type type = op.getOperands().front().getType();
  const Layout &layout = *getLayout(type);
  unsigned axis = op.getAxis();
  for (Value result : op.getResults())
    if (getLayout(result.getType()) == nullptr ||
        *getLayout(result.getType()) != layout)
      return op.emitOpError("expected results in the layout of the operands, "
                            "but got ")
             << result.getType();
  FailureOr<AxisPlan> plan = planAxis(op, layout, axis);
  if (failed(plan))
    return failure();
  Lines lines = getLines(layout, axis);
  int64_t numLanes = int64_t(1) << plan->laneBits.size();
  int64_t covered =
      numLanes * static_cast<int64_t>(lines.begin()->second.size());
  // Lanes follow one another, each with a run of neighbours in registers.
  int64_t run = plan->laneBits.empty() ? layout.getShape()[axis]
                                       : plan->laneBits.front().first;
  bool isOrdered = covered == layout.getShape()[axis];
  for (auto [i, bit] : llvm::enumerate(plan->laneBits))
    isOrdered &= bit.first == run << i;
  for (auto &[key, line] : lines)
    for (auto [i, entry] : llvm::enumerate(line))
      isOrdered &= entry.first ==
                   static_cast<int64_t>(i) % run +
                       static_cast<int64_t>(i) / run * run * numLanes;
  if (!isOrdered)
    return op.emitOpError("expected an axis in registers, then lanes, then "
                          "registers, but got ")
           << type;

  bool reverse = op.getReverse(), exclusive = op.getExclusive();
  SmallVector<SmallVector<Value>> scalars =
      getMaskedScalars(op.getOperands(), axis, op.getIdentity());
  SmallVector<Value> neutral;
  for (auto [operand, value] : llvm::zip(op.getOperands(), op.getIdentity()))
    neutral.push_back(constantOf(
        convertElement(getElementTypeOrSelf(operand.getType())), value));
  SmallVector<SmallVector<Value>> results(scalars.size());
  Block &block = op.getCombiner();

  auto select = [&](Value condition, ArrayRef<Value> yes, ArrayRef<Value> no) {
    SmallVector<Value> out;
    for (auto [y, n] : llvm::zip(yes, no))
      out.push_back(arith::SelectOp::create(b, condition, y, n));
    return out;
  };
  for (auto &[key, line] : lines) {
    SmallVector<int64_t> registers;
    for (auto [coord, reg] : line)
      registers.push_back(reg);
    if (reverse)
      std::reverse(registers.begin(), registers.end());
    std::optional<SmallVector<Value>> carry;
    for (size_t start = 0; start < registers.size(); start += run) {
      ArrayRef<int64_t> part = ArrayRef<int64_t>(registers).slice(
          start, std::min<size_t>(run, registers.size() - start));
      // Within the lane; `before[i]` ends before element i.
      SmallVector<SmallVector<Value>> upTo;
      for (int64_t reg : part) {
        if (upTo.empty()) {
          upTo.push_back(scalars[reg]);
          continue;
        }
        auto sum = combine(block, upTo.back(), scalars[reg]);
        if (failed(sum))
          return failure();
        upTo.push_back(*sum);
      }
      // Over the lanes: what comes before this one, and the total of all.
      SmallVector<Value> total = upTo.back();
      std::optional<SmallVector<Value>> prefix;
      for (auto [step, bit] : plan->laneBits) {
        SmallVector<Value> other;
        for (Value value : total)
          other.push_back(shuffleXor(value, int64_t(1) << bit));
        Value isSet = arith::CmpIOp::create(
            b, reverse ? arith::CmpIPredicate::eq : arith::CmpIPredicate::ne,
            arith::AndIOp::create(b, lane, i32(int64_t(1) << bit)), i32(0));
        SmallVector<Value> none = prefix.value_or(neutral);
        SmallVector<Value> longer = other;
        if (prefix) {
          auto sum = combine(block, other, *prefix);
          if (failed(sum))
            return failure();
          longer = *sum;
        }
        prefix = select(isSet, longer, none);
        auto sum = combine(block, select(isSet, other, total),
                           select(isSet, total, other));
        if (failed(sum))
          return failure();
        total = *sum;
      }
      std::optional<SmallVector<Value>> before = carry;
      if (prefix && before) {
        auto sum = combine(block, *before, *prefix);
        if (failed(sum))
          return failure();
        before = *sum;
      } else if (prefix) {
        before = prefix;
      }
      for (size_t i = 0; i < part.size(); ++i) {
        std::optional<SmallVector<Value>> own;
        if (!exclusive)
          own = upTo[i];
        else if (i > 0)
          own = upTo[i - 1];
        if (own && before) {
          auto sum = combine(block, *before, *own);
          if (failed(sum))
            return failure();
          own = *sum;
        } else if (!own) {
          own = before ? before : neutral;
        }
        results[part[i]] = *own;
      }
      if (carry) {
        auto sum = combine(block, *carry, total);
        if (failed(sum))
          return failure();
        carry = *sum;
      } else {
        carry = total;
      }
    }
  }
  // Registers that repeat others.
  std::map<SmallVector<int64_t>, int64_t> owners;
  for (size_t reg = 0; reg < results.size(); ++reg)
    if (layout.isOwner(reg, 0, 0)) {
      Coords at = layout.apply(reg, 0, 0);
      owners[SmallVector<int64_t>(at.begin(), at.end())] = reg;
    }
  for (size_t reg = 0; reg < results.size(); ++reg)
    if (results[reg].empty()) {
      Coords at = layout.apply(reg, 0, 0);
      auto owner = owners.find(SmallVector<int64_t>(at.begin(), at.end()));
      if (owner == owners.end())
        return op.emitOpError("expected replicas in registers of one lane, but "
                              "got ")
               << type;
      results[reg] = results[owner->second];
    }
  for (auto [n, result] : llvm::enumerate(op.getResults())) {
    SmallVector<Value> column;
    for (SmallVector<Value> &values : results)
      column.push_back(values[n]);
    set(result, pack(column, result.getType()));
  }
  return success();
}
