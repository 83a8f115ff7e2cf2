// Plan.cpp - from a request of the runtime to a compilation.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright/JIT/Jit.h"

#include "ArgumentFacts.h"
#include "Compatibility.h"
#include "jit/Request.h"
#include "tilewright/Description/Description.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

namespace tilewright {
namespace {

namespace json = llvm::json;
using rt::Request;

std::string getName(const Request &request) {
  return request.name.empty() ? "kernel" : request.name;
}

//===----------------------------------------------------------------------===//
// Chips
//===----------------------------------------------------------------------===//

/// The chip whose code runs best on the target, and whether that is PTX which
/// the driver must assemble.
llvm::Expected<std::pair<const ChipInfo *, bool>>
chooseChip(llvm::StringRef target) {
  const ChipInfo *best = nullptr;
  int bestRank = 0;
  bool isPtx = false;
  auto consider = [&](const ChipInfo *chip, bool asPtx) {
    int rank = rt::rankChip(chip->name.str(), asPtx, target.str());
    if (chip->name == target && !asPtx)
      rank = std::numeric_limits<int>::max();
    if (rank <= bestRank)
      return;
    best = chip;
    bestRank = rank;
    isPtx = asPtx;
  };
  for (const ChipInfo *chip : allChips()) {
    consider(chip, false);
    if (chip->backend == Backend::NVPTX)
      consider(chip, true);
  }
  if (!best)
    return llvm::createStringError("nothing runs on '" + target +
                                   "': " + describeUnknownChip(target));
  return std::make_pair(best, isPtx);
}

//===----------------------------------------------------------------------===//
// Kernels and variants
//===----------------------------------------------------------------------===//

llvm::Expected<Description> readDescriptionOf(const Request &request) {
  llvm::SmallVector<llvm::StringRef> chips;
  for (const ChipInfo *chip : allChips())
    chips.push_back(chip->name);
  chips.push_back("host");
  auto readSource = [&](llvm::StringRef path) -> llvm::Expected<std::string> {
    for (const rt::NamedText &file : request.files)
      if (file.name == path)
        return file.text;
    return llvm::createStringError("the request lacks the source '" + path +
                                   "'");
  };
  return parseDescription(request.text, getName(request), chips, readSource);
}

/// N of "bucket(N)"; empty where `text` is something else.
llvm::StringRef getBucketName(llvm::StringRef text) {
  return text.consume_front("bucket(") && text.consume_back(")") ? text : "";
}

/// Bounds of sizes by name.
using Bounds = std::map<std::string, int64_t>;

/// The value of a parameter that follows a bound.
std::string chooseValue(const TemplateParameter &parameter, int64_t bound) {
  if (parameter.values.size() < 2)
    return std::to_string(bound);
  std::optional<int64_t> best, largest;
  for (const std::string &text : parameter.values) {
    int64_t value = 0;
    if (llvm::StringRef(text).getAsInteger(10, value))
      continue;
    if (value >= bound)
      best = std::min(value, best.value_or(value));
    largest = std::max(value, largest.value_or(value));
  }
  return std::to_string(best.value_or(largest.value_or(bound)));
}

/// Sets the parameters of the request over those of the variant. Without
/// `bounds` those that follow one keep the variant's value.
llvm::Error setParameters(const Request &request,
                          const KernelDescription &kernel, const Bounds *bounds,
                          Specialization &variant) {
  for (const rt::NamedText &given : request.parameters) {
    auto fail = [&](const llvm::Twine &message) {
      return llvm::createStringError(getName(request) + ": error: parameter '" +
                                     given.name + "' of kernel '" +
                                     kernel.name + "': " + message);
    };
    const TemplateParameter *parameter = nullptr;
    llvm::SmallVector<llvm::StringRef> names;
    for (const TemplateParameter &each : kernel.parameters) {
      names.push_back(each.name);
      if (each.name == given.name)
        parameter = &each;
    }
    if (!parameter)
      return fail("there is none; the kernel has " +
                  (names.empty() ? "none" : llvm::join(names, ", ")));
    bool isInteger = parameter->kind == TemplateParameter::Kind::Integer;
    llvm::StringRef size = getBucketName(given.text);
    if (!size.empty()) {
      if (!isInteger)
        return fail("a bucket is an integer, but the parameter is a type");
      if (!bounds)
        continue;
      auto it = bounds->find(size.str());
      if (it == bounds->end())
        return fail("no argument has a bounded size '" + size +
                    "'; buckets need policy TW_JIT_BUCKETS");
      variant.parameters[given.name] = chooseValue(*parameter, it->second);
      continue;
    }
    int64_t number;
    TwElementType type;
    TwStatus unknown =
        isInteger ? nullptr : twElementTypeParse(given.text.c_str(), &type);
    bool isGood = isInteger
                      ? !llvm::StringRef(given.text).getAsInteger(10, number)
                      : !unknown;
    twStatusDestroy(unknown);
    if (!isGood)
      return fail(llvm::Twine("expected ") +
                  (isInteger ? "an integer" : "an element type") +
                  ", but got '" + given.text + "'");
    variant.parameters[given.name] = given.text;
  }
  return llvm::Error::success();
}

/// The compilations that the request may mean, in order; not yet prepared.
llvm::Expected<std::vector<CompileRequest>> listRequests(const Request &request,
                                                         const Bounds *bounds) {
  CompileRequest base;
  base.sourceName = getName(request);
  auto chip = chooseChip(request.target);
  if (!chip)
    return llvm::createStringError(
        getName(request) + ": error: " + llvm::toString(chip.takeError()));
  base.chip = chip->first;
  base.assemblePtx = !request.keepsPtx && !chip->second;
  if (request.linker == "comgr" && base.chip->backend == Backend::AMDGPU)
    base.linker = Linker::Comgr;
  else if (request.linker != "comgr" && !request.linker.empty())
    return llvm::createStringError(
        getName(request) + ": error: expected linker 'comgr', but got '" +
        request.linker + "'");
  if (request.optLevel > 3 || request.optLevel < -1)
    return llvm::createStringError(
        getName(request) +
        ": error: expected an optimisation level in [0, 3], but got " +
        llvm::Twine(request.optLevel));
  if (request.form == "mlir") {
    if (!request.parameters.empty())
      return llvm::createStringError(
          getName(request) +
          ": error: MLIR text has no parameters, but the "
          "request sets '" +
          request.parameters.front().name + "'");
    base.source = request.text;
    base.kernel = request.kernel;
    if (!request.variant.empty())
      base.variant = request.variant;
    base.optLevel = request.optLevel < 0 ? 3 : int(request.optLevel);
    base.schedule = request.schedule;
    return std::vector<CompileRequest>{base};
  }
  if (request.form != "description")
    return llvm::createStringError(
        getName(request) +
        ": error: expected 'description' or 'mlir', but got '" + request.form +
        "'");
  llvm::Expected<Description> description = readDescriptionOf(request);
  if (!description)
    return description.takeError();
  const KernelDescription *kernel = &description->kernels.front();
  if (!request.kernel.empty() || description->kernels.size() > 1) {
    auto found = description->find(request.kernel);
    if (!found)
      return found.takeError();
    kernel = *found;
  }
  std::vector<CompileRequest> requests;
  llvm::SmallVector<llvm::StringRef> names;
  for (const Specialization &original : kernel->specializations) {
    names.push_back(original.name);
    if (!request.variant.empty() && request.variant != original.name)
      continue;
    Specialization variant = original;
    if (llvm::Error error = setParameters(request, *kernel, bounds, variant))
      return std::move(error);
    auto each = makeRequest(*kernel, variant);
    if (!each)
      return each.takeError();
    each->chip = base.chip;
    each->assemblePtx = base.assemblePtx;
    each->linker = base.linker;
    if (request.optLevel >= 0)
      each->optLevel = int(request.optLevel);
    if (!request.schedule.empty())
      each->schedule = request.schedule;
    requests.push_back(std::move(*each));
  }
  if (requests.empty())
    return llvm::createStringError(getName(request) + ": error: kernel '" +
                                   kernel->name + "' has no variant '" +
                                   request.variant + "'; it has " +
                                   llvm::join(names, ", "));
  return requests;
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

/// A prepared kernel whose types the arguments have, and its interface.
struct Match {
  std::unique_ptr<KernelCompilation> kernel;
  json::Value interface = nullptr;

  const json::Array &getArguments() const {
    return *interface.getAsObject()->getObject("abi")->getArray("args");
  }
};

/// The first of the compilations that takes the arguments.
llvm::Expected<Match> findMatch(const Request &request,
                                std::vector<CompileRequest> requests) {
  std::string refusals;
  for (CompileRequest &each : requests) {
    std::string variant = each.variant;
    Match match;
    match.kernel = std::make_unique<KernelCompilation>(std::move(each));
    if (llvm::Error error = match.kernel->prepare())
      return std::move(error);
    if (!request.hasArguments)
      return std::move(match);
    auto interface = json::parse(match.kernel->getInterface());
    if (!interface)
      return interface.takeError();
    match.interface = std::move(*interface);
    std::string refusal = compareTypes(match.getArguments(), request);
    // Who names a variant means it, and the launch checks its facts.
    if (refusal.empty() && request.variant.empty() &&
        !meetsFacts(match.kernel->getRequest().facts, match.getArguments(),
                    request))
      refusal = "it assumes more of sizes, divisors or alignments";
    if (refusal.empty())
      return std::move(match);
    refusals += "\n  variant '" + variant + "': " + refusal;
  }
  std::string kernel =
      request.kernel.empty() ? "" : " of kernel '" + request.kernel + "'";
  return llvm::createStringError(getName(request) + ": error: no variant" +
                                 kernel + " takes these arguments:" + refusals);
}

/// The compilation, with parameters that follow `bounds`; none: the variant's
/// values.
llvm::Expected<Match> match(const Request &request, const Bounds *bounds,
                            const std::atomic<bool> *isCancelled) {
  auto requests = listRequests(request, bounds);
  if (!requests)
    return requests.takeError();
  for (CompileRequest &each : *requests)
    each.isCancelled = isCancelled;
  return findMatch(request, std::move(*requests));
}

} // namespace

llvm::Expected<CompileRequest> makeRequest(const KernelDescription &kernel,
                                           const Specialization &variant) {
  llvm::Expected<std::string> text = instantiate(kernel, variant);
  if (!text)
    return text.takeError();
  CompileRequest request;
  request.source = std::move(*text);
  request.sourceName = kernel.source.displayName;
  request.kernel = kernel.entry;
  request.name = kernel.name;
  request.variant = variant.name;
  request.facts.dims = variant.dims;
  request.facts.divisible = variant.divisible;
  request.facts.align = variant.align;
  request.facts.atMost = variant.atMost;
  request.optLevel = kernel.optLevel;
  request.schedule = kernel.schedule;
  return request;
}

llvm::Expected<std::unique_ptr<KernelCompilation>>
planCompilation(const Request &request, const std::atomic<bool> *isCancelled) {
  bool hasBuckets =
      llvm::any_of(request.parameters, [](const rt::NamedText &parameter) {
        return !getBucketName(parameter.text).empty();
      });
  Bounds none;
  llvm::Expected<Match> found =
      match(request, hasBuckets ? nullptr : &none, isCancelled);
  if (!found)
    return found.takeError();
  if (!request.hasArguments && !hasBuckets)
    return std::move(found->kernel);
  KernelFacts facts;
  if (request.hasArguments) {
    auto made = makeFacts(found->getArguments(), request);
    if (!made)
      return llvm::createStringError(getName(request) + ": error: kernel '" +
                                     found->kernel->getKernelName() +
                                     "': " + llvm::toString(made.takeError()));
    facts = std::move(*made);
  }
  if (hasBuckets) {
    // Names of sizes are known now; the parameters may change all else.
    Request same = request;
    same.variant = found->kernel->getRequest().variant;
    found = match(same, &facts.atMost, isCancelled);
    if (!found)
      return found.takeError();
  }
  if (llvm::Error error = found->kernel->assume(facts))
    return std::move(error);
  return std::move(found->kernel);
}

} // namespace tilewright
