// StrictTest.cpp - what is prebuilt is what strict sessions ask for, and they
// say why they find nothing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SessionFixture.h"
#include "jit/Manifest.h"
#include <sys/stat.h>

namespace {

struct StrictTest : SessionFixture {
  std::string manifest;

  /// A manifest of one kernel, from a session of its own.
  void record(TwJitSource source = {}) {
    manifest = folder + "/model.json";
    TwJitOptions options = {};
    open(options);
    ASSERT_EQ(make({}, source), "");
    Arguments arguments(64);
    ASSERT_EQ(launch(arguments), "");
    ASSERT_EQ(take(twJitSaveManifest(jit, manifest.c_str())), "");
  }
  std::string prebuild(std::vector<const char *> targets,
                       std::vector<std::string> *reports = nullptr) {
    auto report = [](void *user, const TwJitReportInfo *info, TwStatus status) {
      if (user)
        static_cast<std::vector<std::string> *>(user)->push_back(
            std::string(info->target) + (status ? " no" : " yes"));
    };
    return take(twJitPrebuild(jit, manifest.c_str(), targets.data(),
                              targets.size(), report, reports));
  }
  std::string check(const char *target) {
    return take(twJitCheck(jit, manifest.c_str(), target, nullptr, nullptr));
  }
  std::vector<std::string> getTools() {
    tilewright::rt::Manifest read;
    EXPECT_EQ(take(tilewright::rt::readManifestFile(manifest, read)), "");
    std::vector<std::string> names;
    for (const auto &[target, tools] : read.tools)
      names.push_back(target);
    return names;
  }
  std::string launchStrict(TwJitOptions strict, TwDevice where = nullptr,
                           TwJitSource source = {}) {
    strict.isStrict = 1;
    open(strict);
    std::string message = make({}, source, where);
    Arguments arguments(64);
    return message.empty() ? launch(arguments) : message;
  }
};

using Texts = std::vector<std::string>;

/// A server without a compiler would know nothing of what is there.
TEST_F(StrictTest, WhatIsThereMustHaveBeenPrebuilt) {
  ASSERT_NO_FATAL_FAILURE(record());
  TwDeviceInfo info = {};
  ASSERT_EQ(take(twDeviceGetInfo(device, &info)), "");
  EXPECT_NE(check(info.target).find("was not prebuilt for it"),
            std::string::npos);
  ASSERT_EQ(prebuild({info.target}), "");
  EXPECT_EQ(check(info.target), "");
  // What the manifest says counts, and not which compiler is here.
  TwJitOptions none = {};
  none.compiler = "/nowhere/libtilewright-jit.so";
  open(none);
  EXPECT_EQ(check(info.target), "");
}

TEST_F(StrictTest, TargetsAreWhatDevicesAskFor) {
  ASSERT_NO_FATAL_FAILURE(record());
  cacheFolder = folder + "/prebuilt";
  open();
  TwDevice gpu = nullptr;
  ASSERT_EQ(openDevice("hip:0", &gpu), "");
  TwDeviceInfo info = {};
  ASSERT_EQ(take(twDeviceGetInfo(gpu, &info)), "");
  ASSERT_STREQ(info.target, "gfx942:sramecc+:xnack-");
  Texts reports;
  // Twice the same.
  EXPECT_EQ(prebuild({info.target, "gfx942"}, &reports), "");
  EXPECT_EQ(reports, Texts{"gfx942 yes"});
  EXPECT_EQ(getTools(), Texts{"gfx942"});
  EXPECT_EQ(check(info.target), "");
  TwJitOptions strict = {};
  strict.manifest = manifest.c_str();
  strict.compiler = "/nowhere/libtilewright-jit.so";
  EXPECT_EQ(launchStrict(strict, gpu), "");
  close();
  twDeviceClose(gpu);
}

/// As 'sm_90a', by which compilers call the code.
TEST_F(StrictTest, LettersAreNotOfTheTarget) {
  TwJitSource source = {};
  source.keepsPtx = 1;
  ASSERT_NO_FATAL_FAILURE(record(source));
  Texts reports;
  EXPECT_EQ(prebuild({"sm_90a"}, &reports), "");
  EXPECT_EQ(reports, Texts{"sm_90 yes"});
  EXPECT_EQ(getTools(), Texts{"sm_90"});
}

/// What was not made is not said to be.
TEST_F(StrictTest, FailedTargetsAreNotInTheManifest) {
  ASSERT_NO_FATAL_FAILURE(record());
  EXPECT_NE(prebuild({"nix"}), "");
  EXPECT_EQ(getTools(), Texts());
  tilewright::rt::Manifest read;
  ASSERT_EQ(take(tilewright::rt::readManifestFile(manifest, read)), "");
  EXPECT_EQ(read.compiler, "") << "nothing was made";
  Texts reports;
  EXPECT_NE(prebuild({"nix", "gfx90a"}, &reports), "");
  EXPECT_EQ(reports, (Texts{"nix no", "gfx90a yes"}));
  EXPECT_EQ(getTools(), Texts{"gfx90a"});
  // What another made in the meantime stays.
  EXPECT_EQ(prebuild({"gfx942"}), "");
  EXPECT_EQ(getTools(), (Texts{"gfx90a", "gfx942"}));
}

TEST_F(StrictTest, AMissingCompilerIsSaid) {
  TwJitOptions options = {};
  options.compiler = "/nowhere/libtilewright-jit.so";
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  std::string missing = "cannot read the compiler "
                        "'/nowhere/libtilewright-jit.so': No such file or "
                        "directory";
  EXPECT_EQ(launch(arguments),
            missing + "; set TILEWRIGHT_COMPILER to libtilewright-jit.so");
  // A server needs none, but to know who it was.
  EXPECT_EQ(launchStrict(options),
            "strict: which compiler made the kernels is not known, for the "
            "session has no manifest, and " +
                missing +
                "; open it with a manifest that 'tile-cache prebuild' has "
                "been through");
}

TEST_F(StrictTest, AManifestThatWasNotPrebuiltIsSaid) {
  ASSERT_NO_FATAL_FAILURE(record());
  TwDeviceInfo info = {};
  ASSERT_EQ(take(twDeviceGetInfo(device, &info)), "");
  TwJitOptions options = {};
  options.manifest = manifest.c_str();
  options.compiler = "/nowhere/libtilewright-jit.so";
  EXPECT_EQ(launchStrict(options),
            "strict: manifest '" + manifest +
                "' was recorded, but not prebuilt: it does not say which "
                "compiler made the kernels; where there is one, run "
                "tile-cache prebuild '" +
                manifest + "' --target " + info.target + " --folder FOLDER");
  // Where there is a compiler, too.
  TwJitOptions withCompiler = {};
  withCompiler.manifest = manifest.c_str();
  std::string old = cacheFolder;
  cacheFolder = folder + "/empty";
  EXPECT_NE(launchStrict(withCompiler)
                .find("' was not prebuilt for '" + std::string(info.target)),
            std::string::npos);
  cacheFolder = old;
  // Or for another target.
  open();
  ASSERT_EQ(prebuild({"gfx90a"}), "");
  TwDevice gpu = nullptr;
  ASSERT_EQ(openDevice("hip:0", &gpu), "");
  cacheFolder = folder + "/server";
  std::string message = launchStrict(options, gpu);
  std::string end = " is not in cache '" + cacheFolder + "': manifest '" +
                    manifest +
                    "' was not prebuilt for 'gfx942'; where the compiler is, "
                    "run tile-cache prebuild '" +
                    manifest + "' --target gfx942 --folder FOLDER";
  ASSERT_GE(message.size(), end.size());
  EXPECT_EQ(message.substr(message.size() - end.size()), end);
  close();
  twDeviceClose(gpu);
}

TEST_F(StrictTest, ARefusedEntryIsSaid) {
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  close();
  std::vector<std::string> entries;
  for (const auto &file : fs::recursive_directory_iterator(cacheFolder))
    if (file.path().extension() == ".entry")
      entries.push_back(file.path());
  auto getReason = [&] {
    std::string message = launchStrict({});
    size_t at = message.find(" cannot be taken from cache '");
    EXPECT_NE(at, std::string::npos) << message;
    return at == std::string::npos ? message : message.substr(at);
  };
  std::string start = " cannot be taken from cache '" + cacheFolder + "': ";
  for (const std::string &entry : entries)
    ASSERT_EQ(chmod(entry.c_str(), 0666), 0);
  std::string reason = getReason();
  EXPECT_EQ(reason.find(start + "everybody may write to '" + cacheFolder), 0u)
      << reason;
  EXPECT_NE(reason.find(".entry'"), std::string::npos) << reason;
  for (const std::string &entry : entries)
    ASSERT_EQ(chmod(entry.c_str(), 0660), 0);
  reason = getReason();
  EXPECT_EQ(reason.find(start + "a group may write to '" + cacheFolder), 0u)
      << reason;
  EXPECT_NE(reason.find("TILEWRIGHT_CACHE_ALLOW_GROUP_WRITE=1"),
            std::string::npos)
      << reason;
  for (const std::string &entry : entries)
    ASSERT_EQ(chmod(entry.c_str(), 0600), 0);
  ASSERT_EQ(chmod((cacheFolder + "/v1").c_str(), 0777), 0);
  reason = getReason();
  EXPECT_EQ(
      reason.find(start + "everybody may write to '" + cacheFolder + "/v1'"),
      0u)
      << reason;
  ASSERT_EQ(chmod((cacheFolder + "/v1").c_str(), 0700), 0);
  for (const std::string &entry : entries)
    fs::resize_file(entry, 70);
  reason = getReason();
  EXPECT_EQ(reason.find(start + "'" + cacheFolder), 0u) << reason;
  EXPECT_NE(reason.find(" is damaged"), std::string::npos) << reason;
}

/// For chips that the compiler does not have no assembler makes code.
TEST_F(StrictTest, PtxOfOlderChipsIsSaid) {
  TwDevice gpu = nullptr;
  ASSERT_EQ(openDevice("cuda:0", &gpu), "");
  twDeviceClose(gpu);
  Stub("cuda").setTarget("sm_120");
  ASSERT_EQ(openDevice("cuda:0", &gpu), "");
  open();
  ASSERT_EQ(make({}, {}, gpu), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  manifest = folder + "/model.json";
  ASSERT_EQ(take(twJitSaveManifest(jit, manifest.c_str())), "");
  std::string why =
      "kernel 'twice' for 'sm_120' is PTX of 'sm_89', which the driver would "
      "compile: the compiler has no chip whose machine code runs on 'sm_120'; "
      "use a session that is not strict there";
  EXPECT_EQ(prebuild({"sm_120"}), why);
  EXPECT_EQ(check("sm_120"), why);
  EXPECT_EQ(launchStrict({}, gpu), "strict: " + why);
  close();
  twDeviceClose(gpu);
  Stub("cuda").setTarget("");
}

} // namespace
