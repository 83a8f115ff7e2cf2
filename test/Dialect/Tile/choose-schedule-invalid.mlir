// RUN: tile-opt %s -split-input-file -verify-diagnostics \
// RUN:   --tile-choose-schedule
// RUN: not tile-opt %s -split-input-file --tile-choose-schedule=chip=gfx9942 \
// RUN:   2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not tile-opt %s -split-input-file --tile-choose-schedule=chip=gfx950 \
// RUN:   2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not tile-opt %s -split-input-file \
// RUN:   --tile-choose-schedule="chip=sm_80 operands=fast" \
// RUN:   2>&1 | FileCheck %s --check-prefix=OPTION

// UNKNOWN: expected a chip, but got "gfx9942"
// OTHER: kernel 'unknown_kind' is for 'gfx942', but the option 'chip' names 'gfx950'
// OPTION: expected 'operands' to be "shared" or "direct", but got "fast"
// expected-error @below {{kernel 'no_chip' has no 'tile.chip'; run 'tile-choose-schedule' with the option 'chip'}}
tile.kernel @no_chip() grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected the chip of a GPU, but got "x86-64-v3"}}
tile.kernel @host_chip() grid [] affine_map<() -> (1)> attributes {tile.chip = "x86-64-v3"} {
  tile.return
}

// -----

// expected-error @below {{expected 'kind' to be "simple", but got "fancy"}}
tile.kernel @unknown_kind() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{kind = "fancy"}>} {
  tile.return
}

// -----

// expected-error @below {{expected field 'waves' of 'tile.schedule' to be an array of i64, but got 4 : i64}}
tile.kernel @waves_type() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{waves = 4 : i64}>} {
  tile.return
}

// -----

// expected-error @below {{expected a count of waves in [1, 16] on 'gfx942', but got 0}}
tile.kernel @no_waves() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{waves = array<i64: 0>}>} {
  tile.return
}

// -----

// expected-error @below {{expected at most 16 waves per workgroup on 'gfx942', but got 64}}
tile.kernel @many_waves() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{waves = array<i64: 8, 8>}>} {
  tile.return
}

// -----

// expected-error @below {{expected 1 or 2 counts of waves, but got 3}}
tile.kernel @three_waves() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{waves = array<i64: 1, 1, 1>}>} {
  tile.return
}

// -----

// expected-error @below {{expected 1 or 2 counts of waves, but got 0}}
tile.kernel @empty_waves() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{waves = array<i64>}>} {
  tile.return
}

// -----

// expected-error @below {{expected 'vector_bytes' to be a power of two of at most 16, but got 12}}
tile.kernel @vector_bytes() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{vector_bytes = 12 : i64}>} {
  tile.return
}

// -----

// expected-error @below {{expected 'vector_bytes' to be a power of two of at most 16, but got -1}}
tile.kernel @negative_bytes() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{vector_bytes = -1 : i64}>} {
  tile.return
}

// -----

// expected-error @below {{expected 'stores' to be "shared" or "direct", but got "both"}}
tile.kernel @stores() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{stores = "both"}>} {
  tile.return
}

// -----

// expected-error @below {{'gfx942' has no mma atom "wgmma"}}
tile.kernel @atom() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{atom = "wgmma"}>} {
  tile.return
}
