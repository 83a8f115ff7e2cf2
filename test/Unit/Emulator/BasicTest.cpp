// BasicTest.cpp - control flow, memory, barriers and errors of the emulator.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "EmulatorTestUtils.h"

using namespace tilewright::emulator;

// Every lane of every wave of every workgroup has its own indices.
TEST(Emulator, GlobalIndex) {
  Runner r(amd(R"(
define amdgpu_kernel void @k(ptr addrspace(1) %out, i32 %add) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %g = call i32 @llvm.amdgcn.workgroup.id.x()
  %base = mul i32 %g, 128
  %i = add i32 %base, %t
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %i
  %v = add i32 %i, %add
  store i32 %v, ptr addrspace(1) %p, align 4
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
declare i32 @llvm.amdgcn.workgroup.id.x()
)"),
           "gfx942");
  std::vector<int32_t> out(384);
  r.buffer(out, "out");
  r.scalar<int32_t>(7);
  r.config.grid = {3, 1, 1};
  r.config.workgroup = {128, 1, 1};
  r.config.threads = 2;
  EXPECT_EQ(r.launch(), "");
  for (int i = 0; i < 384; ++i)
    EXPECT_EQ(out[i], i + 7);
  EXPECT_EQ(r.stats.workgroups, 3u);
  EXPECT_EQ(r.stats.waves, 6u);
  EXPECT_EQ(r.stats.globalStoreBytes, 384u * 4);
}

// Lanes leave a loop at different trips and keep the value of their last one.
TEST(Emulator, DivergentLoopExit) {
  Runner r(amd(R"(
define amdgpu_kernel void @k(ptr addrspace(1) %out) {
entry:
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %latch ]
  %sum = phi i32 [ 0, %entry ], [ %sum2, %latch ]
  %sum2 = add i32 %sum, %i
  %odd = and i32 %t, 1
  %isOdd = icmp ne i32 %odd, 0
  %late = icmp sge i32 %i, 20
  %early = and i1 %isOdd, %late
  br i1 %early, label %exit, label %latch
latch:
  %next = add i32 %i, 1
  %more = icmp slt i32 %i, %t
  br i1 %more, label %loop, label %exit
exit:
  %which = phi i32 [ 1000, %loop ], [ 0, %latch ]
  %v = add i32 %sum2, %which
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %t
  store i32 %v, ptr addrspace(1) %p, align 4
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
)"),
           "gfx942");
  std::vector<int32_t> out(64);
  r.buffer(out, "out");
  EXPECT_EQ(r.launch(), "");
  for (int t = 0; t < 64; ++t) {
    int sum = 0, which = 0;
    for (int i = 0;; ++i) {
      sum += i;
      if (t % 2 && i >= 20) {
        which = 1000;
        break;
      }
      if (i >= t)
        break;
    }
    EXPECT_EQ(out[t], sum + which) << t;
  }
  EXPECT_GT(r.stats.divergentBranches, 0u);
}

// Nested branches, a switch, early return, and phis that swap.
TEST(Emulator, SwitchReturnAndSwap) {
  Runner r(nvidia(R"(
define ptx_kernel void @k(ptr addrspace(1) %out) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %t
  %m = urem i32 %t, 5
  switch i32 %m, label %other [ i32 0, label %zero
                                i32 1, label %one
                                i32 2, label %leave ]
zero:
  br label %swap
one:
  br label %swap
leave:
  ret void
other:
  %big = icmp ugt i32 %t, 15
  br i1 %big, label %far, label %near
far:
  br label %done
near:
  br label %done
swap:
  %a = phi i32 [ 1, %zero ], [ 2, %one ], [ %b, %swap ]
  %b = phi i32 [ 10, %zero ], [ 20, %one ], [ %a, %swap ]
  %n = phi i32 [ 0, %zero ], [ 0, %one ], [ %n1, %swap ]
  %n1 = add i32 %n, 1
  %again = icmp ult i32 %n1, %t
  br i1 %again, label %swap, label %done
done:
  %v = phi i32 [ %a, %swap ], [ 300, %far ], [ 400, %near ]
  store i32 %v, ptr addrspace(1) %p, align 4
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
)"),
           "sm_80");
  std::vector<int32_t> out(32, -1);
  r.buffer(out, "out");
  EXPECT_EQ(r.launch(), "");
  for (int t = 0; t < 32; ++t) {
    int want = t > 15 ? 300 : 400;
    if (t % 5 == 2)
      want = -1;
    if (t % 5 < 2) {
      int a = t % 5 ? 2 : 1, b = t % 5 ? 20 : 10;
      for (int n = 1; n < t; ++n)
        std::swap(a, b);
      want = a;
    }
    EXPECT_EQ(out[t], want) << t;
  }
}

static const char *kReverse = R"(
@lds = internal addrspace(3) global [256 x i32] poison, align 16
define amdgpu_kernel void @k(ptr addrspace(1) %out) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %s = getelementptr [256 x i32], ptr addrspace(3) @lds, i32 0, i32 %t
  store i32 %t, ptr addrspace(3) %s, align 4
  BARRIER
  %u = sub i32 255, %t
  %l = getelementptr [256 x i32], ptr addrspace(3) @lds, i32 0, i32 %u
  %v = load i32, ptr addrspace(3) %l, align 4
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %t
  store i32 %v, ptr addrspace(1) %p, align 4
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
declare void @llvm.amdgcn.s.barrier()
declare void @llvm.amdgcn.s.barrier.signal(i32)
declare void @llvm.amdgcn.s.barrier.wait(i16)
)";

static std::string replace(std::string text, const std::string &from,
                           const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

TEST(Emulator, BarrierAndSharedMemory) {
  for (const char *barrier :
       {"call void @llvm.amdgcn.s.barrier()",
        "call void @llvm.amdgcn.s.barrier.signal(i32 -1)\n"
        "call void @llvm.amdgcn.s.barrier.wait(i16 -1)"}) {
    Runner r(amd(replace(kReverse, "BARRIER", barrier)), "gfx1201");
    std::vector<int32_t> out(256);
    r.buffer(out, "out");
    r.config.workgroup = {256, 1, 1};
    EXPECT_EQ(r.launch(), "");
    for (int i = 0; i < 256; ++i)
      EXPECT_EQ(out[i], 255 - i);
  }
}

// Without the barrier the first wave reads what nobody has written yet.
TEST(Emulator, MissingBarrierReadsPoison) {
  Runner r(amd(replace(kReverse, "BARRIER", "")), "gfx942");
  std::vector<uint32_t> out(256);
  r.buffer(out, "out");
  r.config.workgroup = {256, 1, 1};
  EXPECT_EQ(r.launch(), "");
  EXPECT_EQ(out[0], 0xCBCBCBCBu);
}

TEST(Emulator, DivergentBarrier) {
  Runner r(amd(R"(
define amdgpu_kernel void @k() {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, 10
  br i1 %c, label %a, label %b
a:
  call void @llvm.amdgcn.s.barrier()
  br label %b
b:
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
declare void @llvm.amdgcn.s.barrier()
)"),
           "gfx942");
  std::string error = r.launch();
  expectContains(error, "kernel 'k' reached a barrier with 10 of the wave's 64 "
                        "lanes: the barrier is in divergent control flow "
                        "(workgroup 0, 0, 0; wave 0, lane 0)");
  expectContains(error, "at call void @llvm.amdgcn.s.barrier()");
}

// Lanes that have returned are not waited for.
TEST(Emulator, BarrierAfterReturn) {
  Runner r(amd(R"(
define amdgpu_kernel void @k(ptr addrspace(1) %out) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %c = icmp ult i32 %t, 100
  br i1 %c, label %a, label %b
a:
  call void @llvm.amdgcn.s.barrier()
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %t
  store i32 %t, ptr addrspace(1) %p, align 4
  ret void
b:
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
declare void @llvm.amdgcn.s.barrier()
)"),
           "gfx942");
  std::vector<int32_t> out(128, -1);
  r.buffer(out, "out");
  r.config.workgroup = {128, 1, 1};
  EXPECT_EQ(r.launch(), "");
  for (int i = 0; i < 128; ++i)
    EXPECT_EQ(out[i], i < 100 ? i : -1);
}

// Whole waves part: no lane is divergent, but the workgroup never meets.
TEST(Emulator, DeadlockOfWaves) {
  Runner r(nvidia(R"(
define ptx_kernel void @k() {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %c = icmp ult i32 %t, 32
  br i1 %c, label %a, label %b
a:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %b
b:
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
)"),
           "sm_90a");
  r.config.workgroup = {64, 1, 1};
  expectContains(r.launch(), "kernel 'k' is stuck: waves 0 wait at a barrier "
                             "that waves 1 never reach: they have ended");
}

// Named barriers: two waves meet at 1, two at 2, with counts.
TEST(Emulator, NamedBarriers) {
  Runner r(nvidia(R"(
@lds = internal addrspace(3) global [128 x i32] undef, align 16
define ptx_kernel void @k(ptr addrspace(1) %out) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %s = getelementptr [128 x i32], ptr addrspace(3) @lds, i32 0, i32 %t
  store i32 %t, ptr addrspace(3) %s, align 4
  %half = lshr i32 %t, 6
  %id = add i32 %half, 1
  call void @llvm.nvvm.barrier.cta.sync.aligned.count(i32 %id, i32 64)
  %u = xor i32 %t, 32
  %l = getelementptr [128 x i32], ptr addrspace(3) @lds, i32 0, i32 %u
  %v = load i32, ptr addrspace(3) %l, align 4
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %t
  store i32 %v, ptr addrspace(1) %p, align 4
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare void @llvm.nvvm.barrier.cta.sync.aligned.count(i32, i32)
)"),
           "sm_80");
  std::vector<int32_t> out(128);
  r.buffer(out, "out");
  r.config.workgroup = {128, 1, 1};
  EXPECT_EQ(r.launch(), "");
  for (int i = 0; i < 128; ++i)
    EXPECT_EQ(out[i], i ^ 32);
}

static const char *kStore = R"(
define amdgpu_kernel void @k(ptr addrspace(1) %out, i32 %scale) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %i = mul i32 %t, %scale
  %p = getelementptr i8, ptr addrspace(1) %out, i32 %i
  store i32 %t, ptr addrspace(1) %p, align 4
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
)";

TEST(Emulator, OutOfBounds) {
  Runner r(amd(kStore), "gfx942");
  std::vector<int32_t> out(60);
  r.buffer(out, "result");
  r.scalar<int32_t>(4);
  std::string error = r.launch();
  expectContains(error, "stores 4 bytes at the global address");
  expectContains(error,
                 "out of bounds: 0 bytes past the end of region 'result'");
  expectContains(error, "of 240 bytes (workgroup 0, 0, 0; wave 0, lane 60)");
  expectContains(error, "at store i32 %t, ptr addrspace(1) %p, align 4");
}

TEST(Emulator, Misaligned) {
  Runner r(amd(kStore), "gfx942");
  std::vector<int32_t> out(64);
  r.buffer(out, "out");
  r.scalar<int32_t>(2);
  expectContains(r.launch(),
                 "which is not aligned to 4 bytes as the IR promises");
}

TEST(Emulator, ReadOnly) {
  Runner r(amd(kStore), "gfx942");
  std::vector<int32_t> out(64);
  r.buffer(out, "weights", /*writable=*/false);
  r.scalar<int32_t>(4);
  expectContains(r.launch(), "in region 'weights', which is read-only");
}

TEST(Emulator, SharedOutOfBounds) {
  Runner r(amd(R"(
@lds = internal addrspace(3) global [64 x i8] poison, align 16
define amdgpu_kernel void @k() {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %p = getelementptr i32, ptr addrspace(3) @lds, i32 %t
  store i32 %t, ptr addrspace(3) %p, align 4
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
)"),
           "gfx942");
  expectContains(r.launch(),
                 "stores 4 bytes at the shared address 0x40 outside "
                 "the workgroup's 64 bytes of shared memory");
}

// All that is unknown is named at once, before anything runs.
TEST(Emulator, UnknownInstructions) {
  Runner r(amd(R"(
define amdgpu_kernel void @k(ptr addrspace(1) %out) {
  store i32 1, ptr addrspace(1) %out, align 4
  call void @llvm.amdgcn.s.ttracedata(i32 1)
  call void @foo()
  call void asm sideeffect "s_foo $0", "s"(i32 1)
  %x = add i128 1, 2
  ret void
}
declare void @llvm.amdgcn.s.ttracedata(i32)
declare void @foo()
)"),
           "gfx942");
  std::vector<int32_t> out(1);
  r.buffer(out, "out");
  std::string error = r.launch();
  expectContains(error, "kernel 'k': emulator does not know "
                        "'llvm.amdgcn.s.ttracedata'\n  at call void");
  expectContains(error, "emulator does not know 'foo'");
  expectContains(error,
                 "emulator does not know the inline assembly 's_foo $0'");
  expectContains(error, "emulator does not know the type 'i128'");
  EXPECT_EQ(out[0], 0);
}

TEST(Emulator, LaunchErrors) {
  Runner r(amd(kStore), "gfx942");
  expectContains(r.launch(),
                 "kernel 'k': expected 12 bytes of kernarg, but got 0");
  r.kernarg.resize(12);
  r.config.workgroup = {2048, 1, 1};
  expectContains(r.launch(), "expected a workgroup of 1 to 1024 threads, but "
                             "got 2048");
  r.config.chip = "sm_80";
  expectContains(r.launch(), "expected a chip like 'gfx942' for "
                             "'amdgcn-amd-amdhsa', but got 'sm_80'");
  r.config.chip = "gfx942";
  r.config.workgroup = {64, 1, 1};
  std::vector<int32_t> data(8);
  r.regions = {MemoryRegion::host(data.data(), 16, "a"),
               MemoryRegion::host(data.data() + 2, 16, "b")};
  EXPECT_EQ(r.launch(), "memory regions 'a' and 'b' overlap");
}

TEST(Emulator, EndlessLoop) {
  Runner r(amd(R"(
define amdgpu_kernel void @k() {
entry:
  br label %loop
loop:
  br label %loop
}
)"),
           "gfx942");
  r.config.maxSteps = 1000;
  expectContains(r.launch(), "did not end within 1000 steps");
}

// Atomics of several workgroups on two host threads.
TEST(Emulator, Atomics) {
  Runner r(amd(R"(
define amdgpu_kernel void @k(ptr addrspace(1) %f, ptr addrspace(1) %i) {
  %old = atomicrmw fadd ptr addrspace(1) %f, float 1.0 syncscope("agent") monotonic, align 4
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %old2 = atomicrmw umax ptr addrspace(1) %i, i32 %t monotonic, align 4
  %p1 = getelementptr i32, ptr addrspace(1) %i, i32 1
  %old3 = atomicrmw add ptr addrspace(1) %p1, i32 %t monotonic, align 4
  %p2 = getelementptr i32, ptr addrspace(1) %i, i32 2
  %c = cmpxchg ptr addrspace(1) %p2, i32 0, i32 99 seq_cst seq_cst, align 4
  %ok = extractvalue { i32, i1 } %c, 1
  %n = zext i1 %ok to i32
  %p3 = getelementptr i32, ptr addrspace(1) %i, i32 3
  %old4 = atomicrmw add ptr addrspace(1) %p3, i32 %n monotonic, align 4
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
)"),
           "gfx942");
  std::vector<float> f(1);
  std::vector<int32_t> i(4);
  r.buffer(f, "f");
  r.buffer(i, "i");
  r.config.grid = {50, 1, 1};
  r.config.threads = 2;
  EXPECT_EQ(r.launch(), "");
  EXPECT_EQ(f[0], 3200.0f);
  EXPECT_EQ(i[0], 63);
  EXPECT_EQ(i[1], 50 * 2016);
  EXPECT_EQ(i[2], 99);
  EXPECT_EQ(i[3], 1);
}

// Module constants, generic pointers to shared and private memory, alloca.
TEST(Emulator, AddressSpaces) {
  Runner r(amd(R"(
@table = internal addrspace(4) constant [4 x i32] [i32 5, i32 6, i32 7, i32 8]
@lds = internal addrspace(3) global [64 x i32] poison, align 4
define amdgpu_kernel void @k(ptr addrspace(1) %out) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %m = and i32 %t, 3
  %tp = getelementptr [4 x i32], ptr addrspace(4) @table, i32 0, i32 %m
  %tv = load i32, ptr addrspace(4) %tp, align 4
  %a = alloca [2 x i32], align 4, addrspace(5)
  %ag = addrspacecast ptr addrspace(5) %a to ptr
  store i32 %tv, ptr %ag, align 4
  %lp = getelementptr i32, ptr addrspace(3) @lds, i32 %t
  %lg = addrspacecast ptr addrspace(3) %lp to ptr
  store i32 %t, ptr %lg, align 4
  %c = icmp ult i32 %t, 32
  %g = select i1 %c, ptr %ag, ptr %lg
  %v = load i32, ptr %g, align 4
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %t
  %pg = addrspacecast ptr addrspace(1) %p to ptr
  store i32 %v, ptr %pg, align 4
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
)"),
           "gfx942");
  std::vector<int32_t> out(64);
  r.buffer(out, "out");
  EXPECT_EQ(r.launch(), "");
  for (int t = 0; t < 64; ++t)
    EXPECT_EQ(out[t], t < 32 ? 5 + t % 4 : t);
}

// A buffer descriptor's range check: zero outside, per dword; stores dropped.
TEST(Emulator, BufferRangeCheck) {
  Runner r(amd(R"(
define amdgpu_kernel void @k(ptr addrspace(1) %in, ptr addrspace(1) %out, i64 %bytes) {
  %t = call i32 @llvm.amdgcn.workitem.id.x()
  %r = call ptr addrspace(8) @llvm.amdgcn.make.buffer.rsrc.p8.p1(ptr addrspace(1) %in, i16 0, i64 %bytes, i32 159744)
  %off = shl i32 %t, 3
  %v = call <2 x i32> @llvm.amdgcn.raw.ptr.buffer.load.v2i32(ptr addrspace(8) %r, i32 %off, i32 0, i32 0)
  %p = getelementptr <2 x i32>, ptr addrspace(1) %out, i32 %t
  store <2 x i32> %v, ptr addrspace(1) %p, align 8
  %c = icmp eq i32 %t, 0
  %soff = select i1 %c, i32 -1, i32 %off
  call void @llvm.amdgcn.raw.ptr.buffer.store.i32(i32 77, ptr addrspace(8) %r, i32 %soff, i32 0, i32 0)
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
declare ptr addrspace(8) @llvm.amdgcn.make.buffer.rsrc.p8.p1(ptr addrspace(1), i16, i64, i32)
declare <2 x i32> @llvm.amdgcn.raw.ptr.buffer.load.v2i32(ptr addrspace(8), i32, i32, i32)
declare void @llvm.amdgcn.raw.ptr.buffer.store.i32(i32, ptr addrspace(8), i32, i32, i32)
)"),
           "gfx942");
  std::vector<int32_t> in(51), out(128);
  for (int i = 0; i < 51; ++i)
    in[i] = i + 1;
  r.buffer(in, "in");
  r.buffer(out, "out");
  r.scalar<int64_t>(51 * 4);
  EXPECT_EQ(r.launch(), "");
  for (int i = 0; i < 128; ++i)
    EXPECT_EQ(out[i], i < 51 ? i + 1 : 0) << i;
  EXPECT_EQ(in[0], 1); // offset -1: dropped
  EXPECT_EQ(in[2], 77);
  EXPECT_EQ(in[50], 77);
}
