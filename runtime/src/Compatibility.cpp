// Compatibility.cpp - which code runs on which device.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Compatibility.h"
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <vector>
#if defined(__x86_64__)
#define _Bool bool // the header is C alone
#include <sys/platform/x86.h>
#undef _Bool
#endif

using namespace tilewright::rt;

namespace {

/// "sm_90a": compute capability 9.0, with a letter.
struct Capability {
  int number = 0; ///< 10 * major + minor; 0: not of this form
  char letter = 0;
  int getMajor() const { return number / 10; }
};

Capability parseCapability(const std::string &text) {
  Capability result;
  if (text.rfind("sm_", 0) != 0)
    return result;
  char *end = nullptr;
  long number = std::strtol(text.c_str() + 3, &end, 10);
  if (end == text.c_str() + 3 || number < 10 || number > 9999 ||
      (*end && end[1]))
    return result;
  result.number = int(number);
  result.letter = *end;
  return result;
}

int rankNvidia(const std::string &chip, bool isPtx, const std::string &target) {
  Capability code = parseCapability(chip), device = parseCapability(target);
  if (!code.number || !device.number)
    return 0;
  if (code.letter)
    return code.number == device.number ? 100000 : 0;
  if (code.number > device.number)
    return 0;
  if (isPtx)
    return code.number;
  return code.getMajor() == device.getMajor() ? 10000 + code.number : 0;
}

/// "gfx90a:sramecc+:xnack-" at the colons.
std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (true) {
    size_t end = text.find(':', begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos)
      return parts;
    begin = end + 1;
  }
}

int rankAmd(const std::string &chip, const std::string &target) {
  std::vector<std::string> code = split(chip), device = split(target);
  if (code[0] != device[0])
    return 0;
  int rank = 1;
  for (size_t i = 1; i < code.size(); ++i) {
    bool isMet = false;
    for (size_t j = 1; j < device.size(); ++j)
      isMet |= code[i] == device[j];
    if (!isMet)
      return 0;
    ++rank; // made for more of the device
  }
  return rank;
}

/// 2 for "x86-64-v2", 0 for what is no level.
int parseLevel(const std::string &text) {
  bool isLevel = text.rfind("x86-64-v", 0) == 0 && text.size() == 9;
  return isLevel && text[8] >= '2' && text[8] <= '9' ? text[8] - '0' : 0;
}

} // namespace

int tilewright::rt::rankChip(const std::string &chip, bool isPtx,
                             const std::string &target) {
  if (target.rfind("sm_", 0) == 0)
    return rankNvidia(chip, isPtx, target);
  if (target.rfind("gfx", 0) == 0)
    return rankAmd(chip, target);
  int level = parseLevel(chip);
  return level <= parseLevel(target) ? level : 0;
}

std::string tilewright::rt::getRequestTarget(const std::string &name) {
  constexpr int kLastLevel = 4;
  if (int number = parseCapability(name).number)
    return "sm_" + std::to_string(number);
  if (name.rfind("gfx", 0) == 0)
    return split(name)[0];
  if (parseLevel(name) > kLastLevel)
    return "x86-64-v" + std::to_string(kLastLevel);
  return name;
}

#if defined(__x86_64__)
/// Whether the CPU has all features and the system saves their registers. The C
/// library has found out already; CPUID takes microseconds in virtual machines.
static bool hasAll(std::initializer_list<unsigned> features) {
  for (unsigned feature : features)
    if (!x86_cpu_active(feature))
      return false;
  return true;
}
#endif

// Source of the levels: System V ABI, AMD64 supplement, table 3.1.
const char *tilewright::rt::getHostLevel() {
#if defined(__x86_64__)
  if (!hasAll({x86_cpu_CMPXCHG16B, x86_cpu_LAHF64_SAHF64, x86_cpu_POPCNT,
               x86_cpu_SSE3, x86_cpu_SSE4_1, x86_cpu_SSE4_2, x86_cpu_SSSE3}))
    return "";
  if (!hasAll({x86_cpu_AVX, x86_cpu_AVX2, x86_cpu_BMI1, x86_cpu_BMI2,
               x86_cpu_F16C, x86_cpu_FMA, x86_cpu_LZCNT, x86_cpu_MOVBE}))
    return "x86-64-v2";
  if (!hasAll({x86_cpu_AVX512F, x86_cpu_AVX512BW, x86_cpu_AVX512CD,
               x86_cpu_AVX512DQ, x86_cpu_AVX512VL}))
    return "x86-64-v3";
  return "x86-64-v4";
#else
  return "";
#endif
}
