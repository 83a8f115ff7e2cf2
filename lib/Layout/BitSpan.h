// BitSpan.h - systems of linear equations over the field of two elements.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_LAYOUT_BITSPAN_H
#define TILEWRIGHT_LIB_LAYOUT_BITSPAN_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"
#include <cstdint>
#include <optional>

namespace tilewright {

/// The span of columns that are added one by one. A column is a vector of up
/// to 64 bits together with the input bits that produce it.
class BitSpan {
public:
  /// Adds a column; false (and no change) where the span has it already.
  bool add(uint64_t value, uint64_t input) {
    reduce(value, input);
    if (value == 0)
      return false;
    rows.push_back({value, input});
    return true;
  }

  /// The XOR of inputs (of columns that extended the span) that produces
  /// `value`, or nothing.
  std::optional<uint64_t> solve(uint64_t value) const {
    uint64_t input = 0;
    reduce(value, input);
    if (value != 0)
      return std::nullopt;
    return input;
  }

  unsigned getDimension() const { return rows.size(); }

private:
  struct Row {
    uint64_t value, input;
  };

  /// Clears the leading bit of each row from `value`, in the order of the
  /// rows: a row has no leading bit of an earlier one.
  void reduce(uint64_t &value, uint64_t &input) const {
    for (const Row &row : rows) {
      if (value & llvm::bit_floor(row.value)) {
        value ^= row.value;
        input ^= row.input;
      }
    }
  }

  llvm::SmallVector<Row, 32> rows;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_LAYOUT_BITSPAN_H
