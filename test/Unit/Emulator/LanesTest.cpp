// LanesTest.cpp - data movement between lanes, matrix loads, async copies.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "EmulatorTestUtils.h"
#include <functional>

using namespace tilewright::emulator;

namespace {

/// Runs `%r = ...` (i32) in one wave; `%t` is the lane, `%v` = 100 + lane.
std::vector<int32_t> lanes(const char *chip, const std::string &body,
                           const std::string &declarations,
                           std::string *error = nullptr) {
  bool isNvidia = chip[0] == 's';
  std::string id = isNvidia ? "@llvm.nvvm.read.ptx.sreg.tid.x()"
                            : "@llvm.amdgcn.workitem.id.x()";
  std::string text = std::string("define ") +
                     (isNvidia ? "ptx_kernel" : "amdgpu_kernel") +
                     " void @k(ptr addrspace(1) %out) {\nentry:\n"
                     "  %t = call i32 " +
                     id + "\n  %v = add i32 %t, 100\n" + body +
                     "\n  %p = getelementptr i32, ptr addrspace(1) %out, i32 %t"
                     "\n  store i32 %r, ptr addrspace(1) %p, align 4\n"
                     "  ret void\n}\ndeclare i32 " +
                     id + "\n" + declarations;
  Runner r(isNvidia ? nvidia(text) : amd(text), chip);
  std::vector<int32_t> out(r.config.workgroup[0], -1);
  r.buffer(out, "out");
  std::string message = r.launch();
  if (error)
    *error = message;
  else
    EXPECT_EQ(message, "") << body;
  return out;
}

void expectLanes(const char *chip, const std::string &body,
                 const std::string &declarations,
                 std::function<int(int)> want) {
  SCOPED_TRACE(body);
  std::vector<int32_t> out = lanes(chip, body, declarations);
  for (int lane = 0; lane < int(out.size()); ++lane)
    EXPECT_EQ(out[lane], want(lane)) << "lane " << lane;
}

const char *kDpp = "declare i32 @llvm.amdgcn.update.dpp.i32(i32, i32, i32, "
                   "i32, i32, i1)\n";

void expectDpp(const char *chip, int control, int rows, int banks, bool zero,
               std::function<int(int)> want) {
  expectLanes(
      chip,
      "  %r = call i32 @llvm.amdgcn.update.dpp.i32(i32 7, i32 %v, i32 " +
          std::to_string(control) + ", i32 " + std::to_string(rows) + ", i32 " +
          std::to_string(banks) + ", i1 " + (zero ? "true" : "false") + ")",
      kDpp, want);
}

} // namespace

TEST(Lanes, Dpp) {
  expectDpp("gfx942", 0x1B, 15, 15, false, // quad_perm 3,2,1,0
            [](int l) { return 100 + (l ^ 3); });
  expectDpp("gfx942", 0x101, 15, 15, false, // row_shl:1
            [](int l) { return l % 16 == 15 ? 7 : 101 + l; });
  expectDpp("gfx942", 0x111, 15, 15, true, // row_shr:1 bound_ctrl
            [](int l) { return l % 16 == 0 ? 0 : 99 + l; });
  expectDpp("gfx942", 0x124, 15, 15, false, // row_ror:4
            [](int l) { return 100 + l / 16 * 16 + (l + 12) % 16; });
  expectDpp("gfx942", 0x140, 15, 15, false, // row_mirror
            [](int l) { return 100 + (l ^ 15); });
  expectDpp("gfx942", 0x141, 15, 15, false, // row_half_mirror
            [](int l) { return 100 + (l ^ 7); });
  expectDpp("gfx942", 0x142, 10, 15, false, // row_bcast:15, rows 1 and 3
            [](int l) { return l / 16 % 2 ? 100 + l / 16 * 16 - 1 : 7; });
  expectDpp("gfx942", 0x143, 12, 15, false, // row_bcast:31, rows 2 and 3
            [](int l) { return l >= 32 ? 131 : 7; });
  expectDpp("gfx942", 0x138, 15, 15, false, // wave_shr:1
            [](int l) { return l ? 99 + l : 7; });
  expectDpp("gfx942", 0x1B, 15, 1, false, // bank 0 only
            [](int l) { return l % 16 < 4 ? 100 + (l ^ 3) : 7; });
  expectDpp("gfx1100", 0x165, 15, 15, false, // row_xmask:5
            [](int l) { return 100 + (l ^ 5); });
  expectDpp("gfx90a", 0x153, 15, 15, false, // row_newbcast:3
            [](int l) { return 103 + l / 16 * 16; });
}

TEST(Lanes, AmdMoves) {
  expectLanes("gfx942",
              "  %r = call i32 @llvm.amdgcn.ds.swizzle(i32 %v, i32 1055)",
              "declare i32 @llvm.amdgcn.ds.swizzle(i32, i32)\n",
              [](int l) { return 100 + (l ^ 1); }); // 0x041F: xor 1
  expectLanes("gfx942",
              "  %x = xor i32 %t, 33\n  %a = shl i32 %x, 2\n"
              "  %r = call i32 @llvm.amdgcn.ds.bpermute(i32 %a, i32 %v)",
              "declare i32 @llvm.amdgcn.ds.bpermute(i32, i32)\n",
              [](int l) { return 100 + (l ^ 33); });
  expectLanes("gfx942",
              "  %x = add i32 %t, 1\n  %a = shl i32 %x, 2\n"
              "  %r = call i32 @llvm.amdgcn.ds.permute(i32 %a, i32 %v)",
              "declare i32 @llvm.amdgcn.ds.permute(i32, i32)\n",
              [](int l) { return 100 + (l + 63) % 64; });
  expectLanes("gfx942",
              "  %r = call i32 @llvm.amdgcn.readlane.i32(i32 %v, i32 17)",
              "declare i32 @llvm.amdgcn.readlane.i32(i32, i32)\n",
              [](int) { return 117; });
  expectLanes("gfx942",
              "  %f = call float @llvm.amdgcn.readfirstlane.f32(float 2.0)\n"
              "  %s = fptosi float %f to i32\n"
              "  %w = call i32 @llvm.amdgcn.readfirstlane.i32(i32 %v)\n"
              "  %r = add i32 %s, %w",
              "declare i32 @llvm.amdgcn.readfirstlane.i32(i32)\n"
              "declare float @llvm.amdgcn.readfirstlane.f32(float)\n",
              [](int) { return 102; });
  expectLanes("gfx942",
              "  %c = icmp ugt i32 %t, 61\n"
              "  %b = call i64 @llvm.amdgcn.ballot.i64(i1 %c)\n"
              "  %s = lshr i64 %b, 60\n  %r = trunc i64 %s to i32",
              "declare i64 @llvm.amdgcn.ballot.i64(i1)\n",
              [](int) { return 12; });
  expectLanes("gfx942",
              "  %lo = call i32 @llvm.amdgcn.mbcnt.lo(i32 -1, i32 0)\n"
              "  %r = call i32 @llvm.amdgcn.mbcnt.hi(i32 -1, i32 %lo)",
              "declare i32 @llvm.amdgcn.mbcnt.lo(i32, i32)\n"
              "declare i32 @llvm.amdgcn.mbcnt.hi(i32, i32)\n",
              [](int l) { return l; });
  std::string swap =
      "declare { i32, i32 } @llvm.amdgcn.permlane32.swap(i32, i32, i1, i1)\n"
      "declare { i32, i32 } @llvm.amdgcn.permlane16.swap(i32, i32, i1, i1)\n";
  std::string second = "  %w = add i32 %t, 200\n";
  for (int size : {16, 32})
    for (int part : {0, 1})
      expectLanes("gfx950",
                  second + "  %s = call { i32, i32 } @llvm.amdgcn.permlane" +
                      std::to_string(size) +
                      ".swap(i32 %v, i32 %w, i1 false, i1 false)\n"
                      "  %r = extractvalue { i32, i32 } %s, " +
                      std::to_string(part),
                  swap, [=](int l) {
                    bool odd = l & size;
                    if (part == 0)
                      return odd ? 200 + l - size : 100 + l;
                    return odd ? 200 + l : 100 + l + size;
                  });
  expectLanes(
      "gfx1100",
      "  %r = call i32 @llvm.amdgcn.permlanex16.i32(i32 7, i32 %v, i32 "
      "1985229328, i32 -19088744, i1 true, i1 true)",
      "declare i32 @llvm.amdgcn.permlanex16.i32(i32, i32, i32, i32, i1, i1)\n",
      [](int l) { return 100 + (l ^ 16); }); // 0x76543210, 0xFEDCBA98
  expectLanes(
      "gfx1100",
      "  %r = call i32 @llvm.amdgcn.permlane16.i32(i32 7, i32 %v, i32 0, i32 "
      "1145324612, i1 true, i1 true)",
      "declare i32 @llvm.amdgcn.permlane16.i32(i32, i32, i32, i32, i1, i1)\n",
      [](int l) { return 100 + l / 16 * 16 + (l % 16 < 8 ? 0 : 4); });
  expectLanes("gfx942",
              "  %r = call i32 @llvm.amdgcn.perm(i32 287454020, i32 "
              "1432778632, i32 117506049)",
              "declare i32 @llvm.amdgcn.perm(i32, i32, i32)\n",
              // Selectors 7, 1, 0, 1: bytes 0 to 3 are of the second operand.
              [](int) { return 0x11778877; });
}

// A lane that is not there: inactive sources keep the old value.
TEST(Lanes, InactiveSources) {
  std::string body = R"(
  %c = icmp ult i32 %t, 8
  br i1 %c, label %a, label %b
a:
  %x = call i32 @llvm.amdgcn.update.dpp.i32(i32 7, i32 %v, i32 257, i32 15, i32 15, i1 false)
  %y = call i32 @llvm.amdgcn.ds.bpermute(i32 32, i32 %v)
  %z = add i32 %x, %y
  br label %b
b:
  %r = phi i32 [ 0, %entry ], [ %z, %a ])";
  expectLanes("gfx942", body,
              std::string(kDpp) +
                  "declare i32 @llvm.amdgcn.ds.bpermute(i32, i32)\n",
              [](int l) { return l > 7    ? 0
                                 : l == 7 ? 7
                                          : 101 + l; });
}

TEST(Lanes, Shfl) {
  std::string declaration;
  for (const char *mode : {"idx", "bfly", "up", "down"})
    declaration += std::string("declare i32 @llvm.nvvm.shfl.sync.") + mode +
                   ".i32(i32, i32, i32, i32)\n";
  auto shfl = [&](const char *mode, int b, int c,
                  std::function<int(int)> want) {
    expectLanes("sm_80",
                std::string("  %r = call i32 @llvm.nvvm.shfl.sync.") + mode +
                    ".i32(i32 -1, i32 %v, i32 " + std::to_string(b) + ", i32 " +
                    std::to_string(c) + ")",
                declaration, want);
  };
  shfl("bfly", 5, 31, [](int l) { return 100 + (l ^ 5); });
  shfl("idx", 9, 31, [](int) { return 109; });
  shfl("idx", 3, 0x181F, [](int l) { return 103 + l / 8 * 8; }); // width 8
  shfl("up", 2, 0, [](int l) { return 100 + (l < 2 ? l : l - 2); });
  shfl("down", 2, 31, [](int l) { return 100 + (l > 29 ? l : l + 2); });
  shfl("down", 1, 0x1C1F, [](int l) { return 100 + (l % 4 == 3 ? l : l + 1); });
}

TEST(Lanes, VoteMatchRedux) {
  expectLanes("sm_80",
              "  %c = icmp ult i32 %t, 5\n"
              "  %r = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, i1 %c)",
              "declare i32 @llvm.nvvm.vote.ballot.sync(i32, i1)\n",
              [](int) { return 31; });
  expectLanes("sm_80",
              "  %c = icmp ult i32 %t, 5\n"
              "  %x = call i1 @llvm.nvvm.vote.any.sync(i32 -1, i1 %c)\n"
              "  %y = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %c)\n"
              "  %xz = zext i1 %x to i32\n  %yz = zext i1 %y to i32\n"
              "  %ys = shl i32 %yz, 1\n  %r = or i32 %xz, %ys",
              "declare i1 @llvm.nvvm.vote.any.sync(i32, i1)\n"
              "declare i1 @llvm.nvvm.vote.all.sync(i32, i1)\n",
              [](int) { return 1; });
  expectLanes("sm_80",
              "  %m = and i32 %t, 3\n"
              "  %r = call i32 @llvm.nvvm.match.any.sync.i32(i32 -1, i32 %m)",
              "declare i32 @llvm.nvvm.match.any.sync.i32(i32, i32)\n",
              [](int l) { return int(0x11111111u << (l % 4)); });
  expectLanes("sm_80",
              "  %r = call i32 @llvm.nvvm.redux.sync.add(i32 %t, i32 -1)",
              "declare i32 @llvm.nvvm.redux.sync.add(i32, i32)\n",
              [](int) { return 496; });
}

TEST(Lanes, MembersMustArrive) {
  std::string error;
  lanes("sm_80", R"(
  %c = icmp ult i32 %t, 16
  br i1 %c, label %a, label %b
a:
  %x = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %v, i32 1, i32 31)
  br label %b
b:
  %r = phi i32 [ 0, %entry ], [ %x, %a ])",
        "declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)\n",
        &error);
  expectContains(error, "waits for the lanes of member mask 0xffffffff, but "
                        "only lanes 0xffff arrive together");
}

namespace {
// Shared memory is filled with its own indices by a store of 4 per lane.
const char *kMatrixText = R"(
@lds = internal addrspace(3) global [128 x i16] undef, align 16
define ptx_kernel void @k(ptr addrspace(1) %out) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %o = mul i32 %t, 4
  br label %fill
fill:
  %i = phi i32 [ 0, %entry ], [ %n, %fill ]
  %at = add i32 %o, %i
  %s = getelementptr i16, ptr addrspace(3) @lds, i32 %at
  %x = trunc i32 %at to i16
  store i16 %x, ptr addrspace(3) %s, align 2
  %n = add i32 %i, 1
  %m = icmp ult i32 %n, 4
  br i1 %m, label %fill, label %go
go:
  %row = and i32 %t, 15
  %rp = getelementptr [8 x i16], ptr addrspace(3) @lds, i32 %row
  %v = call { i32, i32 } @LOAD(ptr addrspace(3) %rp)
  %v0 = extractvalue { i32, i32 } %v, 0
  %v1 = extractvalue { i32, i32 } %v, 1
  call void @STORE(ptr addrspace(3) %rp, i32 %v1, i32 %v0)
  %w = load i32, ptr addrspace(3) %rp, align 4
  %p = getelementptr [3 x i32], ptr addrspace(1) %out, i32 %t
  store i32 %v0, ptr addrspace(1) %p, align 4
  %p1 = getelementptr i32, ptr addrspace(1) %p, i32 1
  store i32 %v1, ptr addrspace(1) %p1, align 4
  %p2 = getelementptr i32, ptr addrspace(1) %p, i32 2
  store i32 %w, ptr addrspace(1) %p2, align 4
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare { i32, i32 } @LOAD(ptr addrspace(3))
declare void @STORE(ptr addrspace(3), i32, i32)
)";
} // namespace

// PTX ISA: lane l gets row l / 4, columns 2 * (l % 4) and the next; with
// .trans the other way round. Storing the two swapped swaps the matrices.
TEST(Lanes, LoadAndStoreMatrix) {
  for (bool isTransposed : {false, true}) {
    std::string text = kMatrixText;
    std::string tail =
        std::string("m8n8.x2.") + (isTransposed ? "trans." : "") + "b16";
    for (auto [from, to] :
         {std::pair<std::string, std::string>(
              "LOAD", "llvm.nvvm.ldmatrix.sync.aligned." + tail + ".p3"),
          {"STORE", "llvm.nvvm.stmatrix.sync.aligned." + tail + ".p3"}})
      for (size_t at; (at = text.find("@" + from)) != std::string::npos;)
        text.replace(at, from.size() + 1, "@" + to);
    Runner r(nvidia(text), "sm_90a");
    std::vector<uint32_t> out(96);
    r.buffer(out, "out");
    ASSERT_EQ(r.launch(), "");
    for (unsigned lane = 0; lane < 32; ++lane) {
      for (unsigned matrix : {0u, 1u})
        for (unsigned half : {0u, 1u}) {
          unsigned row = lane / 4, column = 2 * (lane % 4) + half;
          if (isTransposed)
            std::swap(row, column);
          EXPECT_EQ(out[3 * lane + matrix] >> (16 * half) & 0xFFFF,
                    64 * matrix + 8 * row + column);
        }
      EXPECT_EQ(out[3 * lane + 2] & 0xFFFF, 8 * ((lane + 8) % 16));
    }
  }
}

namespace {
std::vector<int32_t> copyAsync(const std::string &wait) {
  Runner r(nvidia(R"(
@lds = internal addrspace(3) global [64 x i32] undef, align 16
define ptx_kernel void @k(ptr addrspace(1) %in, ptr addrspace(1) %out) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %s = getelementptr i32, ptr addrspace(3) @lds, i32 %t
  %s2 = getelementptr i32, ptr addrspace(3) %s, i32 32
  %g = getelementptr i32, ptr addrspace(1) %in, i32 %t
  %g2 = getelementptr i32, ptr addrspace(1) %g, i32 32
  call void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3) %s, ptr addrspace(1) %g)
  call void @llvm.nvvm.cp.async.commit.group()
  call void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3) %s2, ptr addrspace(1) %g2)
  call void @llvm.nvvm.cp.async.commit.group()
)" + wait + R"(
  %v = load i32, ptr addrspace(3) %s, align 4
  %v2 = load i32, ptr addrspace(3) %s2, align 4
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %t
  store i32 %v, ptr addrspace(1) %p, align 4
  %p2 = getelementptr i32, ptr addrspace(1) %p, i32 32
  store i32 %v2, ptr addrspace(1) %p2, align 4
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare void @llvm.nvvm.cp.async.ca.shared.global.4(ptr addrspace(3), ptr addrspace(1))
declare void @llvm.nvvm.cp.async.commit.group()
declare void @llvm.nvvm.cp.async.wait.group(i32)
declare void @llvm.nvvm.cp.async.wait.all()
)"),
           "sm_80");
  std::vector<int32_t> in(64), out(64);
  for (int i = 0; i < 64; ++i)
    in[i] = i + 1;
  r.buffer(in, "in", false);
  r.buffer(out, "out");
  EXPECT_EQ(r.launch(), "");
  return out;
}
} // namespace

// A copy lands when a wait says so: a missing one shows as poison.
TEST(Lanes, AsyncCopies) {
  const int poison = int(0xCBCBCBCB);
  auto none = copyAsync("");
  EXPECT_EQ(none[3], poison);
  auto one = copyAsync("  call void @llvm.nvvm.cp.async.wait.group(i32 1)");
  EXPECT_EQ(one[3], 4);
  EXPECT_EQ(one[35], poison);
  auto all = copyAsync("  call void @llvm.nvvm.cp.async.wait.all()");
  EXPECT_EQ(all[3], 4);
  EXPECT_EQ(all[35], 36);
}

TEST(Lanes, AmdLoadToShared) {
  for (int wait : {3952, 3953}) { // vmcnt(0), vmcnt(1)
    std::string text = R"(
@lds = internal addrspace(3) global [128 x i32] poison, align 16
define amdgpu_kernel void @k(ptr addrspace(1) %in, ptr addrspace(1) %out) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %r = call ptr addrspace(8) @llvm.amdgcn.make.buffer.rsrc.p8.p1(ptr addrspace(1) %in, i16 0, i64 512, i32 159744)
  %o = shl i32 %t, 2
  call void @llvm.amdgcn.raw.ptr.buffer.load.lds(ptr addrspace(8) %r, ptr addrspace(3) @lds, i32 4, i32 %o, i32 0, i32 0, i32 0)
  %s2 = getelementptr i32, ptr addrspace(3) @lds, i32 64
  call void @llvm.amdgcn.raw.ptr.buffer.load.lds(ptr addrspace(8) %r, ptr addrspace(3) %s2, i32 4, i32 %o, i32 256, i32 0, i32 0)
  call void @llvm.amdgcn.s.waitcnt(i32 WAIT)
  %s = getelementptr i32, ptr addrspace(3) @lds, i32 %t
  %v = load i32, ptr addrspace(3) %s, align 4
  %u = getelementptr i32, ptr addrspace(3) %s, i32 64
  %v2 = load i32, ptr addrspace(3) %u, align 4
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %t
  store i32 %v, ptr addrspace(1) %p, align 4
  %p2 = getelementptr i32, ptr addrspace(1) %p, i32 64
  store i32 %v2, ptr addrspace(1) %p2, align 4
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
declare ptr addrspace(8) @llvm.amdgcn.make.buffer.rsrc.p8.p1(ptr addrspace(1), i16, i64, i32)
declare void @llvm.amdgcn.raw.ptr.buffer.load.lds(ptr addrspace(8), ptr addrspace(3), i32, i32, i32, i32, i32)
declare void @llvm.amdgcn.s.waitcnt(i32)
)";
    text.replace(text.find("WAIT"), 4, std::to_string(wait));
    Runner r(amd(text), "gfx942");
    std::vector<int32_t> in(128), out(128);
    for (int i = 0; i < 128; ++i)
      in[i] = i + 1;
    r.buffer(in, "in", false);
    r.buffer(out, "out");
    ASSERT_EQ(r.launch(), "");
    EXPECT_EQ(out[5], 6);
    EXPECT_EQ(out[69], wait == 3952 ? 70 : int(0xCBCBCBCB));
  }
}
