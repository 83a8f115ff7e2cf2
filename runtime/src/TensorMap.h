// TensorMap.h - tensor maps of a launch.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_TENSORMAP_H
#define TILEWRIGHT_RUNTIME_TENSORMAP_H

#include "Backend.h"

namespace tilewright::rt {

/// Writes the tensor maps of `kernel` for arguments that were prepared into
/// their kernarg bytes. The device keeps those that were encoded: a launch with
/// the same arrays encodes nothing and takes no lock.
TwStatus writeTensorMaps(Backend &backend, const TwKernelStorage &kernel,
                         const TwValue *values, void *kernarg);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_TENSORMAP_H
