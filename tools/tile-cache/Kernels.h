// Kernels.h - makes the kernels of a manifest, or looks whether they are there.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TOOLS_TILE_CACHE_KERNELS_H
#define TILEWRIGHT_TOOLS_TILE_CACHE_KERNELS_H

#include "Options.h"

/// Runs "prebuild" or "check". The exit code: 1 where a kernel is missing.
int doKernels(TwCache cache, const Options &options);

#endif // TILEWRIGHT_TOOLS_TILE_CACHE_KERNELS_H
