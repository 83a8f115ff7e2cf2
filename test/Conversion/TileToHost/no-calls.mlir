// RUN: tile-opt -pass-pipeline='builtin.module(tile-expand-numerics{chip=x86-64-v3},convert-tile-to-host{chip=x86-64-v3},canonicalize,cse,arith-expand,convert-scf-to-cf,convert-vector-to-llvm,convert-math-to-llvm,convert-arith-to-llvm,convert-cf-to-llvm,reconcile-unrealized-casts)' %s \
// RUN:   | mlir-translate --mlir-to-llvmir -o %t.ll
// RUN: FileCheck %s --input-file=%t.ll
// RUN: opt -O3 -mtriple=x86_64-unknown-linux-gnu -mcpu=x86-64-v3 %t.ll -o %t.bc
// RUN: llc -O3 -mcpu=x86-64-v3 -relocation-model=pic -filetype=obj %t.bc -o %t.o
// RUN: llvm-nm -u %t.o | count 0
// RUN: llvm-nm --extern-only --defined-only %t.o | FileCheck %s --check-prefix=EXPORT

// An image of the host has no imports: the fill and the copies must not become
// memset and memcpy, the exponential and the conversions no calls of a library.
// EXPORT-COUNT-1: T fill
// EXPORT-NOT: {{ [TDBR] }}

// CHECK: define void @fill(ptr noalias readonly %0, i64 %1, i64 %2, ptr noalias align 64 %3) #[[ATTRS:[0-9]+]]
// CHECK: attributes #[[ATTRS]] = { {{.*}}"no-builtins"
tile.kernel @fill(%x: memref<?xbf16>, %y: memref<?xbf16>, %z: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<4096xf32>
  tile.store %zero, %z[%c0] : tensor<4096xf32>, memref<?xf32>
  %a = tile.load %x[%c0] : memref<?xbf16> -> tensor<4096xbf16>
  tile.store %a, %y[%c0] : tensor<4096xbf16>, memref<?xbf16>
  %b = math.exp %a : tensor<4096xbf16>
  tile.store %b, %x[%c0] : tensor<4096xbf16>, memref<?xbf16>
  tile.return
}
