// ContentKey.cpp - what the bytes of a kernel depend on, and no more.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright/JIT/Jit.h"

#include "Fields.h"
#include "jit/Request.h"

namespace tilewright {

/// A change of what the fields mean changes this.
static constexpr char header[] = "tilewright-key 1 content\n";

std::string makeContentKey(const rt::Request &request,
                           const KernelCompilation &compilation) {
  // An option that is added to the request, and not here, does not compile.
  // The facts are in the kernel's text, as is the schedule; the name of the
  // source is in messages alone, and nothing that is kept depends on texts that
  // are kept beside it.
  const auto &[source, sourceName, kernel, name, variant, facts, chip, optLevel,
               schedule, keepMlir, keepLlvm, keepAssembly, assemblePtx, linker,
               isCancelled] = compilation.getRequest();
  std::string key = header;
  std::string tools;
  for (const rt::NamedText &tool : request.tools) {
    rt::writeField(tools, "name", tool.name);
    rt::writeField(tools, "text", tool.text);
  }
  rt::writeField(key, "compiler", request.compiler);
  rt::writeField(key, "tools", tools);
  rt::writeField(key, "kernel", compilation.getKernelName());
  // As in the metadata: without a name that of the symbol.
  rt::writeField(key, "name",
                 name.empty() ? compilation.getKernelName() : name);
  rt::writeField(key, "variant", variant);
  rt::writeField(key, "chip", std::string_view(chip->name));
  rt::writeField(key, "opt-level", std::to_string(optLevel));
  rt::writeField(key, "assembles-ptx", assemblePtx ? "1" : "0");
  rt::writeField(key, "linker", linker == Linker::Lld ? "lld" : "comgr");
  rt::writeField(key, "pipeline", compilation.getPipelineText());
  rt::writeField(key, "source", compilation.getSource());
  return key;
}

} // namespace tilewright
