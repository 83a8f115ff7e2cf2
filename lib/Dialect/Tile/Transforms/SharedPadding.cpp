// SharedPadding.cpp - where the elements of a shared buffer lie.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "SharedPadding.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;

namespace tilewright::tile {
namespace {

/// Phases of an access that the chip's table does not have: as many
/// consecutive lanes as fill the banks.
SharedAccess getPlainAccess(int64_t bytes, bool isWrite, const ChipInfo &chip) {
  SharedAccess access;
  access.isWrite = isWrite;
  access.bytes = bytes;
  access.banks = std::max<int64_t>(1, chip.sharedBanks);
  int64_t lanes = std::max<int64_t>(1, access.banks * chip.sharedBankBytes /
                                           std::max<int64_t>(4, bytes));
  lanes = std::min(lanes, chip.waveSize);
  for (int64_t first = 0; first < chip.waveSize; first += lanes) {
    uint64_t mask =
        lanes == 64 ? ~uint64_t(0) : ((uint64_t(1) << lanes) - 1) << first;
    access.phases.push_back(mask);
  }
  return access;
}

/// Elements that one access of a lane may take: consecutive in registers and
/// in the buffer, aligned to their size.
int64_t getAccessElements(SharedType type, const Layout &layout,
                          const ChipInfo &chip) {
  int64_t bytes = getElementBytes(type.getElementType());
  int64_t fastest = type.getOrder().front();
  int64_t width = layout.getVectorWidth(fastest, type.getShape());
  width =
      std::min(width, std::max<int64_t>(1, chip.maxSharedAccessBytes / bytes));
  // Rows, and the gaps after each interval, must keep the alignment.
  int64_t row = type.getShape()[fastest];
  if (type.getRank() > 1)
    width = std::gcd(width, row);
  if (PaddedAttr padded = type.getLayout()) {
    width = std::gcd(width, padded.getInterval());
    if (padded.getPad())
      width = std::gcd(width, padded.getPad());
  }
  return width & -width;
}

bool isInside(const Coords &position, ArrayRef<int64_t> shape) {
  for (auto [coordinate, size] : llvm::zip(position, shape))
    if (coordinate >= size)
      return false;
  return true;
}

} // namespace

int64_t countSharedCycles(SharedType type, const SharedUse &use,
                          const ChipInfo &chip) {
  const Layout &layout = use.layout;
  int64_t elementBytes = getElementBytes(type.getElementType());
  int64_t width = getAccessElements(type, layout, chip);
  int64_t accessBytes = std::max<int64_t>(1, width * elementBytes);
  const SharedAccess *known = chip.findSharedAccess(accessBytes, use.isWrite);
  SharedAccess access =
      known ? *known : getPlainAccess(accessBytes, use.isWrite, chip);
  int64_t accesses = llvm::divideCeil(layout.getNumRegisters(), width);
  // Registers differ by a constant in most layouts: a few tell enough.
  int64_t sampled = std::min<int64_t>(accesses, 4);
  int64_t cycles = 0;
  for (int64_t i = 0; i < sampled; ++i) {
    int64_t reg = i * (accesses / sampled) * width;
    for (uint64_t phase : access.phases) {
      SmallVector<SmallVector<int64_t, 4>, 0> words(access.banks);
      size_t degree = 1;
      for (int64_t lane = 0; lane < layout.getNumLanes(); ++lane) {
        Coords position = layout.apply(reg, lane, 0);
        if (!(phase >> lane & 1) || !isInside(position, type.getShape()))
          continue;
        int64_t address = type.getElementOffset(position) * elementBytes;
        int64_t last = address + accessBytes - 1;
        for (int64_t word = address / 4; word <= last / 4; ++word) {
          auto &bank = words[word % access.banks];
          if (!llvm::is_contained(bank, word))
            bank.push_back(word);
          degree = std::max(degree, bank.size());
        }
      }
      cycles += degree;
    }
  }
  // Issuing an access costs too, so that wide ones win over many narrow ones.
  return (cycles + sampled) * accesses / sampled;
}

SharedType choosePaddedType(ArrayRef<int64_t> shape, Type elementType,
                            ArrayRef<SharedUse> uses, const ChipInfo &chip) {
  int64_t rank = shape.size();
  int64_t elementBytes = getElementBytes(elementType);
  SharedType best;
  int64_t bestCycles = -1, bestBytes = 0;
  auto consider = [&](SharedType type) {
    if (best && type.getSizeInBytes() > chip.sharedBytes)
      return;
    int64_t cycles = 0;
    for (const SharedUse &use : uses)
      cycles += countSharedCycles(type, use, chip);
    int64_t bytes = type.getSizeInBytes();
    // More memory must save something: one cycle in sixteen.
    bool isBetter =
        bestCycles < 0 ||
        (bytes <= bestBytes ? cycles < bestCycles
                            : cycles + bestCycles / 16 < bestCycles);
    if (isBetter) {
      best = type;
      bestCycles = cycles;
      bestBytes = bytes;
    }
  };
  for (int64_t fastest = rank - 1; fastest >= 0; --fastest) {
    SmallVector<int64_t> order = {fastest};
    for (int64_t dim = rank - 1; dim >= 0; --dim)
      if (dim != fastest)
        order.push_back(dim);
    if (fastest == rank - 1)
      consider(SharedType::get(shape, elementType));
    for (int64_t padBytes = 0; padBytes <= chip.maxSharedAccessBytes;
         padBytes = padBytes ? padBytes * 2 : 4) {
      int64_t pad = padBytes / elementBytes;
      if (padBytes && pad * elementBytes != padBytes)
        continue;
      if (rank == 1 && padBytes)
        break;
      if (!pad && fastest == rank - 1)
        continue;
      consider(SharedType::get(shape, elementType,
                               PaddedAttr::get(elementType.getContext(), order,
                                               shape[fastest], pad)));
    }
  }
  return best;
}

} // namespace tilewright::tile
