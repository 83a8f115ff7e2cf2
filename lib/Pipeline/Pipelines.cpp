// Pipelines.cpp - the named pass pipelines from tiles to the llvm dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Pipeline/Pipelines.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Transforms/Passes.h"
#include "tilewright/Conversion/Numerics.h"
#include "tilewright/Conversion/TileToAMDGPU/TileToAMDGPU.h"
#include "tilewright/Conversion/TileToHost/TileToHost.h"
#include "tilewright/Conversion/TileToNVPTX/TileToNVPTX.h"
#include "tilewright/Dialect/Tile/Transforms/Passes.h"

using namespace mlir;

namespace tilewright {
namespace {

struct ChipOptions : public PassPipelineOptions<ChipOptions> {
  Option<std::string> chip{*this, "chip",
                           llvm::cl::desc("Chip to compile for")};
};

void registerPipeline(StringRef name, StringRef description, Backend backend,
                      StringRef defaultChip) {
  PassRegistryFunction build =
      [=](OpPassManager &pm, StringRef text,
          function_ref<LogicalResult(const Twine &)> onError) {
        ChipOptions options;
        if (failed(options.parseFromString(text)))
          return failure();
        StringRef chipName = options.chip;
        if (chipName.empty())
          chipName = defaultChip;
        const ChipInfo *chip = lookupChip(chipName);
        if (!chip)
          return onError(describeUnknownChip(chipName));
        if (chip->backend != backend)
          return onError("chip '" + chipName + "' is not one of '--" + name +
                         "'; 'tile-opt --list-chips' prints them all");
        buildPipeline(pm, *chip);
        return success();
      };
  registerPassPipeline(name, description, build,
                       [](function_ref<void(const detail::PassOptions &)> f) {
                         f(ChipOptions());
                       });
}

/// From tiles without layouts to the wave level.
void addWaveLevelPasses(OpPassManager &pm, const ChipInfo &chip) {
  OpPassManager &kernels = pm.nest<tile::KernelOp>();
  tile::TileChooseSchedulePassOptions schedule;
  schedule.chip = chip.name.str();
  kernels.addPass(tile::createTileChooseSchedulePass(schedule));
  kernels.addPass(tile::createTileAssignLayoutsPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(tile::createTilePromoteSharedPass());
  kernels.addPass(tile::createTileInsertBarriersPass());
  kernels.addPass(tile::createTileAllocateSharedPass());
}

} // namespace

void buildPipeline(OpPassManager &pm, const ChipInfo &chip) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  TileExpandNumericsPassOptions numerics;
  numerics.chip = chip.name.str();
  pm.addPass(createTileExpandNumericsPass(numerics));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  switch (chip.backend) {
  case Backend::Host:
    buildTileToHostPipeline(pm, chip.name);
    break;
  case Backend::AMDGPU:
    addWaveLevelPasses(pm, chip);
    buildTileToAMDGPUPipeline(pm, chip.name);
    break;
  case Backend::NVPTX:
    addWaveLevelPasses(pm, chip);
    buildTileToNVPTXPipeline(pm, chip.name);
    break;
  }
}

void registerPipelines() {
  registerPipeline("tile-to-amdgpu", "Lower tiles for an AMD chip",
                   Backend::AMDGPU, "gfx942");
  registerPipeline("tile-to-nvptx", "Lower tiles for an NVIDIA chip",
                   Backend::NVPTX, "sm_80");
  registerPipeline("tile-to-host", "Lower tiles for the host's CPU",
                   Backend::Host, "host");
}

} // namespace tilewright
