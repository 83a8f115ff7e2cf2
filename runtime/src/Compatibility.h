// Compatibility.h - which code runs on which device.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_COMPATIBILITY_H
#define TILEWRIGHT_RUNTIME_COMPATIBILITY_H

#include <string>

namespace tilewright::rt {

/// How well code for `chip` runs on a device whose target is `target`: 0: not
/// at all; else more is better.
///
/// - NVIDIA: "sm_XY" runs on devices of the same major number and no lower
///   minor one; with a letter ("sm_90a") on that number alone. Of several the
///   newest is best. PTX (`isPtx`) runs on every newer device, unless it has a
///   letter; machine code comes before it.
///   (CUDA C++ Programming Guide, "Binary Compatibility" and "PTX
///   Compatibility"; PTX ISA, ".target".)
/// - AMD: the processor is the same, and each feature that both sides state
///   ("xnack", "sramecc") has the same sign; one that the code leaves open runs
///   on either. (LLVM's AMDGPU usage guide, "Target ID".)
/// - Host: levels of x86-64 up to the CPU's own.
int rankChip(const std::string &chip, bool isPtx, const std::string &target);

/// The target for which a device asks that names itself, or for which code is
/// called, `name`: no letter behind "sm_90", for the device has none; no signs
/// of features behind "gfx942", for code is made for either; no level of x86-64
/// above the last. What is none of these is as it was.
std::string getRequestTarget(const std::string &name);

/// The highest level that this CPU has, such as "x86-64-v4"; "" below v2 and
/// on other CPUs.
const char *getHostLevel();

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_COMPATIBILITY_H
