// LaneOpsV3.cpp - LaneOps for hosts with AVX2, FMA and BMI (x86-64-v3).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "LaneOps.inc"

using namespace tilewright::emulator;

const LaneOps &tilewright::emulator::getLaneOpsV3() { return kLaneOps; }
