// Launch.h - runs a kernel on a device or in the emulator.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TOOLS_TILE_RUN_LAUNCH_H
#define TILEWRIGHT_TOOLS_TILE_RUN_LAUNCH_H

#include "Options.h"
#include "tilewright-rt/Module.h"
#include "tilewright/Pipeline/Compile.h"

namespace tilewright {

/// Launches as often as the options say, on the same contents each time, and
/// brings the results to the arguments' memory; the shortest time in ms: on a
/// GPU between two events, else of the call.
llvm::Expected<double> runOnDevice(TwDevice device, TwFunction function,
                                   const Options &options,
                                   std::vector<RunArgument> &arguments);

/// The same, lane by lane.
llvm::Expected<double> runInEmulator(TwKernel kernel,
                                     const EmulatedKernel &compiled,
                                     const Options &options,
                                     std::vector<RunArgument> &arguments);

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_TILE_RUN_LAUNCH_H
