// CompatibilityTest.cpp - which code runs on which device.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Compatibility.h"
#include "gtest/gtest.h"
#include <cstring>

using tilewright::rt::getHostLevel;
using tilewright::rt::rankChip;

static bool runs(const char *chip, const char *target, bool isPtx = false) {
  return rankChip(chip, isPtx, target) > 0;
}

TEST(Compatibility, Nvidia) {
  EXPECT_TRUE(runs("sm_80", "sm_80"));
  EXPECT_TRUE(runs("sm_80", "sm_86"));
  EXPECT_FALSE(runs("sm_86", "sm_80"));
  EXPECT_FALSE(runs("sm_80", "sm_90"));
  EXPECT_FALSE(runs("sm_90", "sm_80"));
  EXPECT_TRUE(runs("sm_90a", "sm_90"));
  EXPECT_FALSE(runs("sm_90a", "sm_100"));
  EXPECT_FALSE(runs("sm_90a", "sm_91"));
  EXPECT_TRUE(runs("sm_100", "sm_103"));
  EXPECT_FALSE(runs("sm_100", "sm_120"));
  // PTX runs on what is newer, but not that of one architecture.
  EXPECT_TRUE(runs("sm_80", "sm_90", true));
  EXPECT_TRUE(runs("sm_80", "sm_120", true));
  EXPECT_FALSE(runs("sm_90", "sm_89", true));
  EXPECT_FALSE(runs("sm_90a", "sm_100", true));
  // The newest code is best, and machine code better than PTX.
  EXPECT_GT(rankChip("sm_86", false, "sm_89"),
            rankChip("sm_80", false, "sm_89"));
  EXPECT_GT(rankChip("sm_80", false, "sm_89"),
            rankChip("sm_89", true, "sm_89"));
  EXPECT_GT(rankChip("sm_90a", false, "sm_90"),
            rankChip("sm_90", false, "sm_90"));
}

TEST(Compatibility, TargetsOfRequests) {
  using tilewright::rt::getRequestTarget;
  for (const char *name : {"sm_90", "gfx942", "x86-64-v3", "host", "nix", ""})
    EXPECT_EQ(getRequestTarget(name), name);
  EXPECT_EQ(getRequestTarget("sm_90a"), "sm_90");
  EXPECT_EQ(getRequestTarget("sm_100f"), "sm_100");
  EXPECT_EQ(getRequestTarget("sm_90ab"), "sm_90ab");
  EXPECT_EQ(getRequestTarget("gfx942:sramecc+:xnack-"), "gfx942");
  EXPECT_EQ(getRequestTarget("x86-64-v9"), "x86-64-v4");
  // It is what a device gives.
  EXPECT_EQ(getRequestTarget(getHostLevel()), getHostLevel());
}

TEST(Compatibility, Amd) {
  EXPECT_TRUE(runs("gfx942", "gfx942:sramecc+:xnack-"));
  EXPECT_TRUE(runs("gfx942:xnack-", "gfx942:sramecc+:xnack-"));
  EXPECT_TRUE(runs("gfx942:sramecc+:xnack-", "gfx942:sramecc+:xnack-"));
  EXPECT_FALSE(runs("gfx942:xnack+", "gfx942:sramecc+:xnack-"));
  EXPECT_FALSE(runs("gfx942:xnack-", "gfx942"));
  EXPECT_FALSE(runs("gfx90a", "gfx942:sramecc+:xnack-"));
  EXPECT_FALSE(runs("gfx94", "gfx942"));
  EXPECT_GT(rankChip("gfx90a:xnack-", false, "gfx90a:sramecc+:xnack-"),
            rankChip("gfx90a", false, "gfx90a:sramecc+:xnack-"));
}

TEST(Compatibility, Host) {
  EXPECT_TRUE(runs("x86-64-v3", "x86-64-v3"));
  EXPECT_TRUE(runs("x86-64-v3", "x86-64-v4"));
  EXPECT_FALSE(runs("x86-64-v4", "x86-64-v3"));
  EXPECT_FALSE(runs("x86-64-v4", ""));
  EXPECT_GT(rankChip("x86-64-v4", false, "x86-64-v4"),
            rankChip("x86-64-v3", false, "x86-64-v4"));
  std::string level = getHostLevel();
  EXPECT_TRUE(level.empty() || level.rfind("x86-64-v", 0) == 0);
}

TEST(Compatibility, LevelOfThisHost) {
  const char *level = __builtin_cpu_supports("x86-64-v4")   ? "x86-64-v4"
                      : __builtin_cpu_supports("x86-64-v3") ? "x86-64-v3"
                      : __builtin_cpu_supports("x86-64-v2") ? "x86-64-v2"
                                                            : "";
  EXPECT_STREQ(getHostLevel(), level);
}

TEST(Compatibility, NamesOfNothing) {
  for (const char *chip : {"", "sm_", "sm_x", "sm_90ab", "sm_-1", "sm_99999999",
                           "gfx", "x86-64", "x86-64-v", "x86-64-v33", "sm_9"})
    for (const char *target : {"sm_90", "gfx942", "x86-64-v4", ""})
      EXPECT_FALSE(runs(chip, target)) << chip << " on " << target;
}
