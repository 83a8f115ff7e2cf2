// Classes.h - what a policy lets a kernel assume of the arguments of a launch.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_JIT_CLASSES_H
#define TILEWRIGHT_RUNTIME_JIT_CLASSES_H

#include "Request.h"
#include "tilewright-rt/Jit.h"

namespace tilewright::rt {

/// Most that a divisor or an alignment says: the bytes of the widest access,
/// and as many elements of one byte.
constexpr int64_t kMostDivisor = 16;

/// The classes of `values`, written to `bytes`: equal bytes for equal classes.
/// Returns how many bytes there are, which may be more than `capacity`; then
/// only so many are written. Allocates nothing.
size_t writeClasses(TwJitPolicy policy, const TwValue *values, size_t numValues,
                    uint8_t *bytes, size_t capacity);

/// The same for the compiler.
std::vector<ArgumentClass> makeClasses(TwJitPolicy policy,
                                       const TwValue *values, size_t numValues);

/// The bytes that writeClasses gives for arguments of these classes; false
/// where the policy makes no such classes.
bool writeClasses(TwJitPolicy policy, const std::vector<ArgumentClass> &classes,
                  std::vector<uint8_t> &bytes);

/// Refuses what has no class: a rank, type or kind that no argument has.
TwStatus checkValues(const TwValue *values, size_t numValues);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_JIT_CLASSES_H
