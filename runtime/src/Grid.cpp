// Grid.cpp - expressions of a kernel's sizes: its grid and its workspaces.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Kernel.h"
#include "Support.h"

using namespace tilewright::rt;

static int64_t floorDiv(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/// The values of all nodes; `overflows` is set where one does not fit.
static TwStatus evaluateNodes(const TwKernelStorage &kernel,
                              const int64_t *values, int64_t *results,
                              bool &overflows) {
  // Operands come before their users, so one pass is enough.
  for (size_t i = 0; i < kernel.nodes.size(); ++i) {
    const GridNode &node = kernel.nodes[i];
    int64_t left = results[node.left], right = results[node.right];
    if (node.kind >= GridNode::Mod && right <= 0)
      return fail(TW_INVALID_ARGUMENT, "the grid of kernel '", kernel.name,
                  "' divides by ", right);
    int64_t value = 0;
    // Most divide by a power of two, and divisions are slow.
    if (node.shift >= 0) {
      int64_t rest = left & ((int64_t(1) << node.shift) - 1);
      value = left >> node.shift;
      if (node.kind == GridNode::CeilDiv)
        value += rest != 0;
      results[i] = node.kind == GridNode::Mod ? rest : value;
      continue;
    }
    switch (node.kind) {
    case GridNode::Constant:
      value = node.value;
      break;
    case GridNode::Symbol:
      value = values[node.value];
      break;
    case GridNode::Add:
      overflows |= __builtin_add_overflow(left, right, &value);
      break;
    case GridNode::Mul:
      overflows |= __builtin_mul_overflow(left, right, &value);
      break;
    case GridNode::Mod:
      value = left % right + (left % right < 0 ? right : 0);
      break;
    case GridNode::FloorDiv:
      value = floorDiv(left, right);
      break;
    case GridNode::CeilDiv:
      // C++ rounds towards 0, which is up for a negative dividend.
      value = left > 0 ? (left - 1) / right + 1 : left / right;
      break;
    }
    results[i] = value;
  }
  return nullptr;
}

TwStatus tilewright::rt::evaluateGrid(const TwKernelStorage &kernel,
                                      const int64_t *values, int64_t grid[3]) {
  int64_t results[maxNodes];
  bool overflows = false;
  if (TwStatus status = evaluateNodes(kernel, values, results, overflows))
    return status;
  int64_t total = 1;
  bool isEmpty = false, isTooLarge = false;
  for (int d = 0; d < 3; ++d) {
    grid[d] =
        size_t(d) < kernel.extents.size() ? results[kernel.extents[d]] : 1;
    if (grid[d] < 0)
      return fail(TW_INVALID_ARGUMENT, "the grid of kernel '", kernel.name,
                  "' has an extent of ", grid[d]);
    isEmpty |= grid[d] == 0;
    isTooLarge |= __builtin_mul_overflow(total, grid[d], &total);
  }
  // Nothing is launched, however large the other extents are.
  if (overflows || (isTooLarge && !isEmpty))
    return fail(TW_INVALID_ARGUMENT, "the grid of kernel '", kernel.name,
                "' has more than 9223372036854775807 workgroups");
  return nullptr;
}

TwStatus tilewright::rt::evaluateWorkspace(const TwKernelStorage &kernel,
                                           size_t index, const int64_t *values,
                                           int64_t &bytes) {
  int64_t results[maxNodes];
  bool overflows = false;
  if (TwStatus status = evaluateNodes(kernel, values, results, overflows))
    return status;
  bytes = results[kernel.arguments[index].workspace];
  if (overflows || bytes < 0)
    return fail(TW_INVALID_ARGUMENT, "the workspace '",
                kernel.arguments[index].name, "' of kernel '", kernel.name,
                "' exceeds the address space");
  return nullptr;
}

TwStatus twKernelGetWorkspace(TwKernel kernel, const TwValue *values,
                              size_t numValues, size_t index, int64_t *bytes,
                              int32_t *isZeroed) {
  if (!kernel || !bytes || !isZeroed || numValues != kernel->arguments.size() ||
      index >= numValues || !values)
    return fail(TW_INVALID_ARGUMENT, "expected ",
                kernel ? int64_t(kernel->arguments.size()) : 0,
                " arguments, the number of one, and places for the result");
  *bytes = 0;
  *isZeroed = kernel->arguments[index].isZeroed;
  if (kernel->arguments[index].workspace < 0)
    return nullptr;
  int64_t symbols[maxSymbols] = {};
  for (size_t i = 0; i < numValues; ++i) {
    const Argument &argument = kernel->arguments[i];
    const TwValue &value = values[i];
    if (argument.kind == TW_SCALAR && argument.symbol >= 0)
      symbols[argument.symbol] = value.integer;
    // A workspace does not say its own size.
    if (argument.kind != TW_ARRAY || argument.workspace >= 0)
      continue;
    if (getNumber(value.kind) != TW_ARRAY || value.rank != argument.rank ||
        (value.rank && !value.sizes))
      return fail(TW_INVALID_ARGUMENT, "argument '", argument.name,
                  "': expected an array of ", int64_t(argument.rank),
                  " dimensions");
    for (int32_t d = 0; d < argument.rank; ++d)
      if (argument.dims[d].symbol >= 0)
        symbols[argument.dims[d].symbol] = value.sizes[d];
  }
  return evaluateWorkspace(*kernel, index, symbols, *bytes);
}
