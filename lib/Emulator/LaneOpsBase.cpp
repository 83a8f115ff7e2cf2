// LaneOpsBase.cpp - LaneOps for every x86-64 (or other) host.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "LaneOps.inc"

using namespace tilewright::emulator;

const LaneOps &tilewright::emulator::getLaneOpsBase() { return kLaneOps; }
