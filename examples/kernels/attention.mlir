// attention.mlir - attention forward with an online softmax and grouped heads.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// o = softmax(scale * q k^T) v for each batch and head; H query heads share G
// key heads, H a multiple of G. Tensors are (batch, position, head, D).

tile.kernel @attention(
    %q: memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> {tile.name = "q", tile.dims = ["B", "S", "H", "D"], tile.noalias},
    %k: memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> {tile.name = "k", tile.dims = ["B", "T", "G", "D"], tile.noalias},
    %v: memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> {tile.name = "v", tile.dims = ["B", "T", "G", "D"], tile.noalias},
    %o: memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> {tile.name = "o", tile.dims = ["B", "S", "H", "D"], tile.noalias},
    %scale: f32 {tile.name = "scale"})
    grid ["S", "H", "B"] affine_map<()[S, H, B] -> (S ceildiv ${BM}, H, B)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %bm = arith.constant ${BM} : index
  %bn = arith.constant ${BN} : index
  %pid = tile.program_id 0
  %head = tile.program_id 1
  %batch = tile.program_id 2
  %m = arith.muli %pid, %bm : index
  %queries = memref.dim %q, %c1 : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>>
  %heads = memref.dim %q, %c2 : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>>
  %keys = memref.dim %k, %c1 : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>>
  %groups = memref.dim %k, %c2 : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>>
  %share = arith.divui %heads, %groups : index
  %group = arith.divui %head, %share : index

  // exp(x) = exp2(x * log2(e)), so the factor goes into the scale.
  %log2e = arith.constant 1.44269502 : f32
  %scale2 = arith.mulf %scale, %log2e : f32
  %scale_all = tile.broadcast %scale2 : f32 to tensor<${BM}x${BN}xf32>
  %minus_inf = arith.constant dense<0xFF800000> : tensor<${BM}x${BN}xf32>
  %lowest = arith.constant dense<0xFF800000> : tensor<${BM}xf32>
  %zeros = arith.constant dense<0.0> : tensor<${BM}xf32>
  %zero_acc = arith.constant dense<0.0> : tensor<${BM}x${D}xf32>
  %column_in_tile = tile.iota dim 1 : tensor<${BM}x${BN}xi32>
  %keys_i32 = arith.index_cast %keys : index to i32
  %limit = arith.addi %keys, %c0 : index
  %qt = tile.load %q[%batch, %m, %head, %c0] {dims = array<i64: 1, 3>} : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> -> tensor<${BM}x${D}x${T}>
  %state:3 = scf.for %n = %c0 to %limit step %bn
      iter_args(%max0 = %lowest, %sum0 = %zeros, %acc0 = %zero_acc)
      -> (tensor<${BM}xf32>, tensor<${BM}xf32>, tensor<${BM}x${D}xf32>) {
    %kt = tile.load %k[%batch, %n, %group, %c0] {dims = array<i64: 1, 3>} : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> -> tensor<${BN}x${D}x${T}>
    %kd = tile.transpose %kt [1, 0] : tensor<${BN}x${D}x${T}> to tensor<${D}x${BN}x${T}>
    %no_scores = arith.constant dense<0.0> : tensor<${BM}x${BN}xf32>
    %scores = tile.mma %qt, %kd, %no_scores : tensor<${BM}x${D}x${T}>, tensor<${D}x${BN}x${T}>, tensor<${BM}x${BN}xf32>
    %scaled = arith.mulf %scores, %scale_all : tensor<${BM}x${BN}xf32>
    %n_i32 = arith.index_cast %n : index to i32
    %n_all = tile.broadcast %n_i32 : i32 to tensor<${BM}x${BN}xi32>
    %column = arith.addi %column_in_tile, %n_all : tensor<${BM}x${BN}xi32>
    %keys_all = tile.broadcast %keys_i32 : i32 to tensor<${BM}x${BN}xi32>
    %inside = arith.cmpi slt, %column, %keys_all : tensor<${BM}x${BN}xi32>
    %masked = arith.select %inside, %scaled, %minus_inf : tensor<${BM}x${BN}xi1>, tensor<${BM}x${BN}xf32>
    %max = tile.reduce %masked axis 1 identity [0xFF800000 : f32] : (tensor<${BM}x${BN}xf32>) -> (tensor<${BM}xf32>) {
    ^bb0(%a: f32, %b: f32):
      %r = arith.maximumf %a, %b : f32
      tile.yield %r : f32
    }
    %max1 = arith.maximumf %max0, %max : tensor<${BM}xf32>
    // A row that has seen no key yet has no maximum: any finite value will do.
    %unseen = arith.cmpf oeq, %max1, %lowest : tensor<${BM}xf32>
    %base = arith.select %unseen, %zeros, %max1 : tensor<${BM}xi1>, tensor<${BM}xf32>
    %base_col = tile.reshape %base : tensor<${BM}xf32> to tensor<${BM}x1xf32>
    %base_all = tile.broadcast %base_col : tensor<${BM}x1xf32> to tensor<${BM}x${BN}xf32>
    %shifted = arith.subf %masked, %base_all : tensor<${BM}x${BN}xf32>
    %p = math.exp2 %shifted : tensor<${BM}x${BN}xf32>
    %part = tile.reduce %p axis 1 identity [0.0 : f32] : (tensor<${BM}x${BN}xf32>) -> (tensor<${BM}xf32>) {
    ^bb0(%a: f32, %b: f32):
      %r = arith.addf %a, %b : f32
      tile.yield %r : f32
    }
    %change = arith.subf %max0, %base : tensor<${BM}xf32>
    %factor = math.exp2 %change : tensor<${BM}xf32>
    %kept = arith.mulf %sum0, %factor : tensor<${BM}xf32>
    %sum1 = arith.addf %kept, %part : tensor<${BM}xf32>
    %factor_col = tile.reshape %factor : tensor<${BM}xf32> to tensor<${BM}x1xf32>
    %factor_all = tile.broadcast %factor_col : tensor<${BM}x1xf32> to tensor<${BM}x${D}xf32>
    %rescaled = arith.mulf %acc0, %factor_all : tensor<${BM}x${D}xf32>
    %pt = tile.convert %p : tensor<${BM}x${BN}xf32> to tensor<${BM}x${BN}x${T}>
    %vt = tile.load %v[%batch, %n, %group, %c0] {dims = array<i64: 1, 3>} : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> -> tensor<${BN}x${D}x${T}>
    %acc1 = tile.mma %pt, %vt, %rescaled : tensor<${BM}x${BN}x${T}>, tensor<${BN}x${D}x${T}>, tensor<${BM}x${D}xf32>
    scf.yield %max1, %sum1, %acc1 : tensor<${BM}xf32>, tensor<${BM}xf32>, tensor<${BM}x${D}xf32>
  }
  // A query without a key gets zeros.
  %ones = arith.constant dense<1.0> : tensor<${BM}xf32>
  %empty = arith.cmpf oeq, %state#1, %zeros : tensor<${BM}xf32>
  %divisor = arith.select %empty, %ones, %state#1 : tensor<${BM}xi1>, tensor<${BM}xf32>
  %divisor_col = tile.reshape %divisor : tensor<${BM}xf32> to tensor<${BM}x1xf32>
  %divisor_all = tile.broadcast %divisor_col : tensor<${BM}x1xf32> to tensor<${BM}x${D}xf32>
  %normal = arith.divf %state#2, %divisor_all : tensor<${BM}x${D}xf32>
  %out = tile.convert %normal : tensor<${BM}x${D}xf32> to tensor<${BM}x${D}x${T}>
  tile.store %out, %o[%batch, %m, %head, %c0] {dims = array<i64: 1, 3>} : tensor<${BM}x${D}x${T}>, memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>>
  tile.return
}

tile.kernel @attention_causal(
    %q: memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> {tile.name = "q", tile.dims = ["B", "S", "H", "D"], tile.noalias},
    %k: memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> {tile.name = "k", tile.dims = ["B", "T", "G", "D"], tile.noalias},
    %v: memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> {tile.name = "v", tile.dims = ["B", "T", "G", "D"], tile.noalias},
    %o: memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> {tile.name = "o", tile.dims = ["B", "S", "H", "D"], tile.noalias},
    %scale: f32 {tile.name = "scale"})
    grid ["S", "H", "B"] affine_map<()[S, H, B] -> (S ceildiv ${BM}, H, B)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %bm = arith.constant ${BM} : index
  %bn = arith.constant ${BN} : index
  %pid = tile.program_id 0
  %head = tile.program_id 1
  %batch = tile.program_id 2
  %m = arith.muli %pid, %bm : index
  %queries = memref.dim %q, %c1 : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>>
  %heads = memref.dim %q, %c2 : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>>
  %keys = memref.dim %k, %c1 : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>>
  %groups = memref.dim %k, %c2 : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>>
  %share = arith.divui %heads, %groups : index
  %group = arith.divui %head, %share : index

  // exp(x) = exp2(x * log2(e)), so the factor goes into the scale.
  %log2e = arith.constant 1.44269502 : f32
  %scale2 = arith.mulf %scale, %log2e : f32
  %scale_all = tile.broadcast %scale2 : f32 to tensor<${BM}x${BN}xf32>
  %minus_inf = arith.constant dense<0xFF800000> : tensor<${BM}x${BN}xf32>
  %lowest = arith.constant dense<0xFF800000> : tensor<${BM}xf32>
  %zeros = arith.constant dense<0.0> : tensor<${BM}xf32>
  %zero_acc = arith.constant dense<0.0> : tensor<${BM}x${D}xf32>
  %column_in_tile = tile.iota dim 1 : tensor<${BM}x${BN}xi32>
  %keys_i32 = arith.index_cast %keys : index to i32
  // Query i sees keys up to i + keys - queries: the last query sees them all.
  %offset = arith.subi %keys, %queries : index
  %row_in_tile = tile.iota dim 0 : tensor<${BM}x${BN}xi32>
  %first = arith.addi %m, %offset : index
  %first_i32 = arith.index_cast %first : index to i32
  %first_all = tile.broadcast %first_i32 : i32 to tensor<${BM}x${BN}xi32>
  %last_key = arith.addi %row_in_tile, %first_all : tensor<${BM}x${BN}xi32>
  %past_tile = arith.addi %first, %bm : index
  %limit0 = arith.minsi %past_tile, %keys : index
  %limit = arith.maxsi %limit0, %c0 : index
  %qt = tile.load %q[%batch, %m, %head, %c0] {dims = array<i64: 1, 3>} : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> -> tensor<${BM}x${D}x${T}>
  %state:3 = scf.for %n = %c0 to %limit step %bn
      iter_args(%max0 = %lowest, %sum0 = %zeros, %acc0 = %zero_acc)
      -> (tensor<${BM}xf32>, tensor<${BM}xf32>, tensor<${BM}x${D}xf32>) {
    %kt = tile.load %k[%batch, %n, %group, %c0] {dims = array<i64: 1, 3>} : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> -> tensor<${BN}x${D}x${T}>
    %kd = tile.transpose %kt [1, 0] : tensor<${BN}x${D}x${T}> to tensor<${D}x${BN}x${T}>
    %no_scores = arith.constant dense<0.0> : tensor<${BM}x${BN}xf32>
    %scores = tile.mma %qt, %kd, %no_scores : tensor<${BM}x${D}x${T}>, tensor<${D}x${BN}x${T}>, tensor<${BM}x${BN}xf32>
    %scaled = arith.mulf %scores, %scale_all : tensor<${BM}x${BN}xf32>
    %n_i32 = arith.index_cast %n : index to i32
    %n_all = tile.broadcast %n_i32 : i32 to tensor<${BM}x${BN}xi32>
    %column = arith.addi %column_in_tile, %n_all : tensor<${BM}x${BN}xi32>
    %keys_all = tile.broadcast %keys_i32 : i32 to tensor<${BM}x${BN}xi32>
    %inside = arith.cmpi slt, %column, %keys_all : tensor<${BM}x${BN}xi32>
    %not_later = arith.cmpi sle, %column, %last_key : tensor<${BM}x${BN}xi32>
    %seen = arith.andi %inside, %not_later : tensor<${BM}x${BN}xi1>
    %masked = arith.select %seen, %scaled, %minus_inf : tensor<${BM}x${BN}xi1>, tensor<${BM}x${BN}xf32>
    %max = tile.reduce %masked axis 1 identity [0xFF800000 : f32] : (tensor<${BM}x${BN}xf32>) -> (tensor<${BM}xf32>) {
    ^bb0(%a: f32, %b: f32):
      %r = arith.maximumf %a, %b : f32
      tile.yield %r : f32
    }
    %max1 = arith.maximumf %max0, %max : tensor<${BM}xf32>
    // A row that has seen no key yet has no maximum: any finite value will do.
    %unseen = arith.cmpf oeq, %max1, %lowest : tensor<${BM}xf32>
    %base = arith.select %unseen, %zeros, %max1 : tensor<${BM}xi1>, tensor<${BM}xf32>
    %base_col = tile.reshape %base : tensor<${BM}xf32> to tensor<${BM}x1xf32>
    %base_all = tile.broadcast %base_col : tensor<${BM}x1xf32> to tensor<${BM}x${BN}xf32>
    %shifted = arith.subf %masked, %base_all : tensor<${BM}x${BN}xf32>
    %p = math.exp2 %shifted : tensor<${BM}x${BN}xf32>
    %part = tile.reduce %p axis 1 identity [0.0 : f32] : (tensor<${BM}x${BN}xf32>) -> (tensor<${BM}xf32>) {
    ^bb0(%a: f32, %b: f32):
      %r = arith.addf %a, %b : f32
      tile.yield %r : f32
    }
    %change = arith.subf %max0, %base : tensor<${BM}xf32>
    %factor = math.exp2 %change : tensor<${BM}xf32>
    %kept = arith.mulf %sum0, %factor : tensor<${BM}xf32>
    %sum1 = arith.addf %kept, %part : tensor<${BM}xf32>
    %factor_col = tile.reshape %factor : tensor<${BM}xf32> to tensor<${BM}x1xf32>
    %factor_all = tile.broadcast %factor_col : tensor<${BM}x1xf32> to tensor<${BM}x${D}xf32>
    %rescaled = arith.mulf %acc0, %factor_all : tensor<${BM}x${D}xf32>
    %pt = tile.convert %p : tensor<${BM}x${BN}xf32> to tensor<${BM}x${BN}x${T}>
    %vt = tile.load %v[%batch, %n, %group, %c0] {dims = array<i64: 1, 3>} : memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>> -> tensor<${BN}x${D}x${T}>
    %acc1 = tile.mma %pt, %vt, %rescaled : tensor<${BM}x${BN}x${T}>, tensor<${BN}x${D}x${T}>, tensor<${BM}x${D}xf32>
    scf.yield %max1, %sum1, %acc1 : tensor<${BM}xf32>, tensor<${BM}xf32>, tensor<${BM}x${D}xf32>
  }
  // A query without a key gets zeros.
  %ones = arith.constant dense<1.0> : tensor<${BM}xf32>
  %empty = arith.cmpf oeq, %state#1, %zeros : tensor<${BM}xf32>
  %divisor = arith.select %empty, %ones, %state#1 : tensor<${BM}xi1>, tensor<${BM}xf32>
  %divisor_col = tile.reshape %divisor : tensor<${BM}xf32> to tensor<${BM}x1xf32>
  %divisor_all = tile.broadcast %divisor_col : tensor<${BM}x1xf32> to tensor<${BM}x${D}xf32>
  %normal = arith.divf %state#2, %divisor_all : tensor<${BM}x${D}xf32>
  %out = tile.convert %normal : tensor<${BM}x${D}xf32> to tensor<${BM}x${D}x${T}>
  tile.store %out, %o[%batch, %m, %head, %c0] {dims = array<i64: 1, 3>} : tensor<${BM}x${D}x${T}>, memref<?x?x?x?x${T}, strided<[?, ?, ?, 1]>>
  tile.return
}
