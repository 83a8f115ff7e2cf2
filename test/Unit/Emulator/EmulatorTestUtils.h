// EmulatorTestUtils.h - parses LLVM IR in text and runs it in the emulator.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TEST_UNIT_EMULATOR_EMULATORTESTUTILS_H
#define TILEWRIGHT_TEST_UNIT_EMULATOR_EMULATORTESTUTILS_H

#include "tilewright/Emulator/Emulator.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace tilewright {
namespace emulator {

inline std::string amd(const std::string &text) {
  return "target datalayout = \"e-m:e-p:64:64-p1:64:64-p2:32:32-p3:32:32-"
         "p4:64:64-p5:32:32-p6:32:32-p7:160:256:256:32-p8:128:128:128:48-"
         "p9:192:256:256:32-i64:64-v16:16-v24:32-v32:32-v48:64-v96:128-v192:"
         "256-v256:256-v512:512-v1024:1024-v2048:2048-n32:64-S32-A5-G1-ni:7:8:"
         "9\"\ntarget triple = \"amdgcn-amd-amdhsa\"\n" +
         text;
}
inline std::string nvidia(const std::string &text) {
  return "target datalayout = \"e-p6:32:32-i64:64-i128:128-i256:256-v16:16-"
         "v32:32-n16:32:64\"\ntarget triple = \"nvptx64-nvidia-cuda\"\n" +
         text;
}

/// A module, regions, kernarg and a launch of the kernel "k".
class Runner {
public:
  Runner(const std::string &text, const char *chip) {
    llvm::SMDiagnostic diagnostic;
    module = llvm::parseAssemblyString(text, diagnostic, context);
    if (!module) {
      std::string message;
      llvm::raw_string_ostream os(message);
      diagnostic.print("", os);
      ADD_FAILURE() << message;
    }
    config.chip = chip;
    config.workgroup = {64, 1, 1};
    if (llvm::StringRef(chip).starts_with("sm_") ||
        llvm::StringRef(chip).starts_with("gfx1"))
      config.workgroup = {32, 1, 1};
  }

  template <typename T> void scalar(T value) {
    while (kernarg.size() % sizeof(T))
      kernarg.push_back(0);
    size_t at = kernarg.size();
    kernarg.resize(at + sizeof(T));
    std::memcpy(kernarg.data() + at, &value, sizeof(T));
  }
  template <typename T>
  void buffer(std::vector<T> &data, const char *name, bool writable = true) {
    regions.push_back(MemoryRegion::host(data.data(), data.size() * sizeof(T),
                                         name, writable));
    scalar(reinterpret_cast<uint64_t>(data.data()));
  }
  /// The error's text; empty for success.
  std::string launch() {
    if (!module)
      return "no module";
    config.kernarg = kernarg;
    return llvm::toString(run(*module, "k", regions, config, &stats));
  }

  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  std::vector<MemoryRegion> regions;
  std::vector<uint8_t> kernarg;
  LaunchConfig config;
  Stats stats;
};

inline void expectContains(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos)
      << "expected '" << part << "' in:\n"
      << text;
}

} // namespace emulator
} // namespace tilewright

#endif // TILEWRIGHT_TEST_UNIT_EMULATOR_EMULATORTESTUTILS_H
