// Report.cpp - what tile-compile tells of its compilations.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Report.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

namespace tilewright {

static std::string show(std::optional<int64_t> number) {
  return number ? std::to_string(*number) : "-";
}

void printTable(llvm::ArrayRef<Job> jobs, bool withStages) {
  llvm::raw_ostream &os = llvm::outs();
  os << llvm::formatv("{0,-20} {1,-18} {2,-10} {3,9} {4,6} {5,6} {6,6} {7,7} "
                      "{8,8} {9,9}",
                      "kernel", "variant", "chip", "code", "vgpr", "agpr",
                      "sgpr", "spills", "shared", "ms");
  if (withStages)
    os << llvm::formatv(" {0,8} {1,8} {2,9} {3,8} {4,8} {5,8}", "parse",
                        "passes", "translate", "optimize", "backend",
                        "assemble");
  os << "\n";
  for (const Job &job : jobs) {
    if (!job.result) {
      os << llvm::formatv("{0,-20} {1,-18} {2,-10} failed\n", job.request.name,
                          job.request.variant, job.request.chip->name);
      continue;
    }
    const ResourceUse &use = job.result->object.use;
    std::optional<int64_t> shared;
    if (llvm::Expected<llvm::json::Value> metadata =
            llvm::json::parse(job.result->metadata)) {
      if (std::optional<int64_t> bytes =
              metadata->getAsObject()->getInteger("shared_bytes"))
        shared = *bytes;
    } else {
      llvm::consumeError(metadata.takeError());
    }
    const StageTimes &times = job.result->times;
    os << llvm::formatv("{0,-20} {1,-18} {2,-10} {3,9} {4,6} {5,6} {6,6} "
                        "{7,7} {8,8} {9,9:f1}",
                        job.result->kernel, job.result->variant,
                        job.result->chip, use.codeBytes, show(use.vgprs),
                        show(use.agprs), show(use.sgprs), show(use.spills),
                        show(shared), times.totalMs);
    if (withStages)
      os << llvm::formatv(" {0,8:f1} {1,8:f1} {2,9:f1} {3,8:f1} {4,8:f1} "
                          "{5,8:f1}",
                          times.parseMs, times.passesMs, times.translateMs,
                          times.optimizeMs, times.backendMs, times.assembleMs);
    os << "\n";
  }
}
std::string makeReport(llvm::ArrayRef<Job> jobs) {
  namespace json = llvm::json;
  json::Array rows;
  for (const Job &job : jobs) {
    json::Object row{{"kernel", job.request.name},
                     {"variant", job.request.variant},
                     {"chip", job.request.chip->name}};
    if (!job.result) {
      row["error"] = job.error;
      rows.push_back(std::move(row));
      continue;
    }
    const ResourceUse &use = job.result->object.use;
    auto add = [&](llvm::StringRef key, std::optional<int64_t> number) {
      if (number)
        row[key] = *number;
    };
    row["kind"] = getCodeObjectKindName(job.result->object.kind);
    row["code_bytes"] = use.codeBytes;
    row["object_bytes"] = static_cast<int64_t>(job.result->object.bytes.size());
    add("vgpr", use.vgprs);
    add("agpr", use.agprs);
    add("sgpr", use.sgprs);
    add("spills", use.spills);
    const StageTimes &times = job.result->times;
    row["ms"] = json::Object{
        {"parse", times.parseMs},         {"passes", times.passesMs},
        {"translate", times.translateMs}, {"optimize", times.optimizeMs},
        {"backend", times.backendMs},     {"assemble", times.assembleMs},
        {"total", times.totalMs}};
    rows.push_back(std::move(row));
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  os << llvm::formatv(
      "{0:2}\n",
      json::Value(json::Object{{"version", 1}, {"images", std::move(rows)}}));
  return text;
}
} // namespace tilewright
