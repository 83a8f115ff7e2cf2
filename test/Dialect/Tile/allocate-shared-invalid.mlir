// RUN: tile-opt %s -split-input-file -verify-diagnostics \
// RUN:   --tile-allocate-shared

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// expected-error @below {{kernel 'too_much' needs 81920 bytes of shared memory per workgroup, but 'gfx942' has 65536}}
tile.kernel @too_much() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  // expected-note @below {{buffer of 32768 bytes: '!tile.shared<64x256xf16>'}}
  %s = tile.alloc_shared : !tile.shared<64x256xf16>
  // expected-note @below {{buffer of 49152 bytes: '!tile.shared<96x256xf16>'}}
  %t = tile.alloc_shared : !tile.shared<96x256xf16>
  %x = tile.load_shared %s : !tile.shared<64x256xf16> -> tensor<64x256xf16, #tile.layout<reg = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0], [32, 0], [0, 64], [0, 128]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], wave = []>>
  %y = tile.load_shared %t : !tile.shared<96x256xf16> -> tensor<96x256xf16, #tile.layout<reg = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0], [32, 0], [64, 0], [0, 64], [0, 128]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], wave = []>>
  %z = tile.load_shared %s : !tile.shared<64x256xf16> -> tensor<64x256xf16, #tile.layout<reg = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0], [32, 0], [0, 64], [0, 128]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], wave = []>>
  tile.return
}

// -----

// expected-error @below {{kernel 'no_chip' has no 'tile.chip'; run 'tile-choose-schedule' with the option 'chip'}}
tile.kernel @no_chip() grid [] affine_map<() -> (1)> {
  %s = tile.alloc_shared : !tile.shared<64x256xf16>
  tile.return
}
