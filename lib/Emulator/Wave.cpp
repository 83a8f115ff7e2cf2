// Wave.cpp - the interpreter's loop: masks, branches, reconvergence, barriers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Divergence is a stack. Its top says which lanes run, at which block, and at
// which block they wait for others: the immediate post-dominator of the branch
// that parted them. A branch whose lanes part turns the top into the entry of
// all lanes at that block and pushes one entry per target. Phi nodes are
// copies on edges, made when the branch is taken.
#include "Wave.h"
#include <algorithm>
#include <stdlib.h>

using namespace tilewright::emulator;

static uint64_t lowLanes(unsigned count) {
  return count >= 64 ? ~uint64_t(0) : (uint64_t(1) << count) - 1;
}

Wave::Wave(Workgroup &workgroup, unsigned index)
    : workgroup(workgroup), program(workgroup.program), index(index),
      width(workgroup.program.waveSize) {
  size_t bytes = (program.registerBytes + 127) & ~size_t(63);
  size_t aside = (program.scratchBytes + 127) & ~size_t(63);
  regs = static_cast<char *>(aligned_alloc(64, bytes + aside));
  memset(regs, 0, bytes + aside);
  scratch = regs + bytes;
  unsigned first = index * width;
  valid = lowLanes(std::min(width, workgroup.numThreads - first));
  for (const ConstantFill &fill : program.constants)
    for (unsigned lane = 0; lane < width; ++lane)
      setLane(fill.slot, lane, fill.bits);
  for (const ArgumentFill &fill : program.arguments) {
    uint64_t value = 0;
    memcpy(&value, workgroup.launch.kernarg.data() + fill.kernargOffset,
           fill.bytes);
    for (unsigned lane = 0; lane < width; ++lane)
      setLane(fill.slot, lane, value);
  }
  privateMemory.resize(program.privateBytes * width);
}

Wave::~Wave() { free(regs); }

void Wave::start() {
  exited = 0;
  state = WaveState::Running;
  copyGroups.clear();
  openCopies.clear();
  if (workgroup.launch.config.poisonMemory)
    std::fill(privateMemory.begin(), privateMemory.end(), 0xCB);
  stack.clear();
  stack.push_back({0, kNoBlock, valid});
  enterTop();
}

void Wave::setMask(uint64_t lanes) {
  mask = lanes;
  full = lanes == lowLanes(width);
  for (unsigned i = 0; i < kMaxLanes; ++i)
    active[i] = (lanes >> i) & 1;
}

template <typename T>
static void blendAs(char *to, const char *from, const uint8_t *active,
                    unsigned width, unsigned count) {
  T *d = reinterpret_cast<T *>(to);
  const T *s = reinterpret_cast<const T *>(from);
  for (unsigned base = 0; base < count; base += width)
    for (unsigned lane = 0; lane < width; ++lane)
      d[base + lane] = active[lane] ? s[base + lane] : d[base + lane];
}

void Wave::blend(char *to, const char *from, unsigned bytes, unsigned count) {
  switch (bytes) {
  case 1:
    return blendAs<uint8_t>(to, from, active, width, count);
  case 2:
    return blendAs<uint16_t>(to, from, active, width, count);
  case 4:
    return blendAs<uint32_t>(to, from, active, width, count);
  default:
    return blendAs<uint64_t>(to, from, active, width, count);
  }
}

void Wave::copyMoves(const Edge &edge) {
  llvm::ArrayRef<Move> moves(program.moves.data() + edge.firstMove,
                             edge.numMoves);
  const char *from = regs;
  if (edge.overlaps) {
    char *aside = scratch;
    for (const Move &move : moves) {
      memcpy(aside, regs + move.src, size_t(move.bytes) * move.count);
      aside += size_t(move.bytes) * move.count;
    }
    from = scratch;
  }
  for (const Move &move : moves) {
    size_t bytes = size_t(move.bytes) * move.count;
    const char *source = edge.overlaps ? from : regs + move.src;
    if (full)
      memcpy(regs + move.dst, source, bytes);
    else
      blend(regs + move.dst, source, move.bytes, move.count);
    from += edge.overlaps ? bytes : 0;
  }
}

void Wave::takeEdge(const Edge &edge, uint64_t lanes) {
  if (edge.numMoves == 0)
    return;
  uint64_t before = mask;
  if (lanes != before)
    setMask(lanes);
  copyMoves(edge);
  if (lanes != before)
    setMask(before);
}

bool Wave::enterTop() {
  while (!stack.empty()) {
    Entry &top = stack.back();
    top.lanes &= ~exited;
    if (top.lanes) {
      if (top.lanes != mask)
        setMask(top.lanes);
      pc = program.blocks[top.block].firstInst;
      return true;
    }
    stack.pop_back();
  }
  state = WaveState::Done;
  return false;
}

bool Wave::branch(uint32_t fromBlock, llvm::ArrayRef<uint32_t> edges,
                  llvm::ArrayRef<uint64_t> laneSets) {
  ++workgroup.stats.branches;
  llvm::SmallVector<std::pair<uint32_t, uint64_t>, 4> targets;
  for (auto [index, lanes] : llvm::zip_equal(edges, laneSets)) {
    if (!lanes)
      continue;
    const Edge &edge = program.edges[index];
    takeEdge(edge, lanes);
    auto same = llvm::find_if(
        targets, [&](auto &target) { return target.first == edge.block; });
    if (same == targets.end())
      targets.push_back({edge.block, lanes});
    else
      same->second |= lanes;
  }
  Entry &top = stack.back();
  if (targets.size() == 1) {
    uint32_t block = targets.front().first;
    if (block == top.reconverge) {
      stack.pop_back();
      return enterTop();
    }
    top.block = block;
    pc = program.blocks[block].firstInst;
    return true;
  }
  ++workgroup.stats.divergentBranches;
  uint32_t reconverge = program.blocks[fromBlock].reconverge;
  if (reconverge == top.reconverge)
    stack.pop_back();
  else
    top.block = reconverge;
  // Lanes that only return go first: then nobody waits for them at a barrier.
  std::stable_partition(targets.begin(), targets.end(), [&](auto &target) {
    const Inst &first = program.insts[program.blocks[target.first].firstInst];
    return first.kind != InstKind::Return;
  });
  for (auto [block, lanes] : targets)
    if (block != reconverge)
      stack.push_back({block, reconverge, lanes});
  return enterTop();
}

// Bit i: the low bit of byte i.
static uint64_t gatherFlags(const char *flags, unsigned width) {
  uint64_t result = 0;
  for (unsigned i = 0; i < width; i += 8) {
    uint64_t eight;
    memcpy(&eight, flags + i, 8);
    eight &= 0x0101010101010101u;
    result |= ((eight * 0x0102040810204080u) >> 56) << i;
  }
  return result;
}

bool Wave::branchOn(const Inst &inst) {
  uint64_t taken = gatherFlags(regs + inst.a, width) & mask;
  return branch(inst.extra, {inst.b, inst.c}, {taken, mask & ~taken});
}

bool Wave::switchOn(const Inst &inst) {
  const SwitchTable &table = program.switches[inst.b];
  Slot condition{inst.a, inst.dstBytes};
  llvm::SmallVector<uint32_t, 8> edges;
  llvm::SmallVector<uint64_t, 8> sets;
  uint64_t rest = mask;
  for (const SwitchCase &entry : table.cases) {
    uint64_t lanes = 0;
    for (unsigned lane = 0; lane < width; ++lane)
      if ((rest >> lane & 1) && getLane(condition, lane) == entry.value)
        lanes |= uint64_t(1) << lane;
    rest &= ~lanes;
    edges.push_back(entry.edge);
    sets.push_back(lanes);
  }
  edges.push_back(table.defaultEdge);
  sets.push_back(rest);
  return branch(inst.extra, edges, sets);
}

void Wave::run() {
  const Inst *code = program.insts.data();
  uint64_t limit = workgroup.launch.config.maxSteps;
  uint64_t count = 0;
  while (state == WaveState::Running) {
    const Inst &inst = code[pc];
    ++count;
    switch (inst.kind) {
    case InstKind::Lane: {
      char *d = full ? regs + inst.dst : scratch;
      inst.lane(d, regs + inst.a, regs + inst.b, regs + inst.c, inst.count,
                inst.imm);
      if (!full)
        blend(regs + inst.dst, scratch, inst.dstBytes, inst.count);
      ++pc;
      continue;
    }
    case InstKind::Wave: {
      char *d = full ? regs + inst.dst : scratch;
      if (!inst.wave(*this, inst, d))
        break;
      if (!full)
        blend(regs + inst.dst, scratch, inst.dstBytes, inst.count);
      ++pc;
      continue;
    }
    case InstKind::Effect:
      if (!inst.wave(*this, inst, regs + inst.dst))
        break;
      ++pc;
      continue;
    case InstKind::Barrier:
      if (!inst.wave(*this, inst, regs + inst.dst))
        break;
      ++pc;
      barrierInst = &inst;
      if (workgroup.barriers[barrierId].phase < barrierPhase)
        state = WaveState::AtBarrier;
      break;
    case InstKind::Jump:
      branch(inst.extra, {inst.b}, {mask});
      break;
    case InstKind::CondBr:
      branchOn(inst);
      break;
    case InstKind::Switch:
      switchOn(inst);
      break;
    case InstKind::Return:
      exited |= mask;
      stack.pop_back();
      enterTop();
      break;
    }
    // Only ends of blocks come here.
    if (limit && steps + count > limit) {
      fail(inst, ~0u,
           llvm::Twine("did not end within ") + llvm::Twine(limit) + " steps");
      break;
    }
    if (workgroup.launch.failed.load(std::memory_order_relaxed))
      state = WaveState::Failed;
  }
  steps += count;
}

bool Wave::fail(const Inst &inst, unsigned lane, const llvm::Twine &text) {
  state = WaveState::Failed;
  std::string message;
  llvm::raw_string_ostream os(message);
  os << "kernel '" << program.name << "' " << text << " (workgroup "
     << workgroup.id[0] << ", " << workgroup.id[1] << ", " << workgroup.id[2]
     << "; wave " << index;
  if (lane != ~0u)
    os << ", lane " << lane;
  os << ")";
  if (inst.origin) {
    std::string line;
    llvm::raw_string_ostream lineStream(line);
    inst.origin->print(lineStream);
    os << "\n  at " << llvm::StringRef(line).trim();
    if (const llvm::DebugLoc &loc = inst.origin->getDebugLoc()) {
      os << "\n  from ";
      loc.print(os);
    }
  }
  workgroup.launch.fail(message);
  return false;
}

bool tilewright::emulator::execUnreachable(Wave &wave, const Inst &inst,
                                           char *) {
  return wave.fail(inst, wave.firstLane(), "reached 'unreachable'");
}

bool tilewright::emulator::execTrap(Wave &wave, const Inst &inst, char *) {
  return wave.fail(inst, wave.firstLane(), "trapped");
}

// Lanes that have ended do not count; all others must come together.
static bool checkConvergent(Wave &wave, const Inst &inst) {
  uint64_t expected = wave.alive();
  if (wave.mask == expected)
    return true;
  return wave.fail(inst, wave.firstLane(),
                   llvm::Twine("reached a barrier with ") +
                       llvm::Twine(__builtin_popcountll(wave.mask)) +
                       " of the wave's " +
                       llvm::Twine(__builtin_popcountll(expected)) +
                       " lanes: the barrier is in divergent control flow");
}

bool tilewright::emulator::execBarrierArrive(Wave &wave, const Inst &inst,
                                             char *) {
  const Access &access = wave.access(inst);
  Workgroup &group = wave.workgroup;
  if (!checkConvergent(wave, inst))
    return false;
  uint64_t id = 0;
  uint64_t expected = group.waves.size() * wave.lanes();
  if (!access.operands.empty())
    id = wave.getLane(access.operands[0][0], wave.firstLane());
  if (access.operands.size() > 1)
    expected = wave.getLane(access.operands[1][0], wave.firstLane());
  if (id >= group.barriers.size())
    return wave.fail(inst, ~0u,
                     llvm::Twine("named barrier ") + llvm::Twine(id) +
                         ", but there are 16");
  if (expected == 0 || expected % wave.lanes() != 0 ||
      expected > group.waves.size() * wave.lanes())
    return wave.fail(inst, ~0u,
                     llvm::Twine("expected a thread count that is a multiple "
                                 "of the wave size and at most that of the "
                                 "workgroup at a barrier, but got ") +
                         llvm::Twine(expected));
  BarrierState &barrier = group.barriers[id];
  wave.barrierId = unsigned(id);
  wave.barrierPhase = barrier.phase + 1;
  barrier.arrived += wave.lanes();
  ++group.stats.barriers;
  if (barrier.arrived >= expected) {
    barrier.arrived = 0;
    ++barrier.phase;
  }
  return true;
}

bool tilewright::emulator::execBarrier(Wave &wave, const Inst &inst, char *d) {
  return execBarrierArrive(wave, inst, d);
}

bool tilewright::emulator::execBarrierWait(Wave &wave, const Inst &, char *) {
  // barrierId and barrierPhase are those of this wave's last arrival.
  return true;
}
