# plain_xxhash.py - XXH64 and XXH3 (128 bits), for tests of what has them.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""After the xxHash specification, without its library: the runtime uses that,
and both must agree. Seed 0 and the default secret alone; slow."""

from __future__ import annotations

import struct

MASK = (1 << 64) - 1
PRIME32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
PRIME64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
           0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")


def read32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at:at + 4], "little")


def read64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at:at + 8], "little")


def rotate(value: int, count: int, bits: int = 64) -> int:
    return (value << count | value >> (bits - count)) & ((1 << bits) - 1)


def swap(value: int, count: int) -> int:
    return int.from_bytes(value.to_bytes(count, "little"), "big")


def fold(a: int, b: int) -> int:
    product = a * b
    return product & MASK ^ product >> 64


def avalanche64(value: int) -> int:
    value = (value ^ value >> 33) * PRIME64[1] & MASK
    value = (value ^ value >> 29) * PRIME64[2] & MASK
    return value ^ value >> 32


def avalanche(value: int) -> int:
    value = (value ^ value >> 37) * 0x165667919E3779F9 & MASK
    return value ^ value >> 32


def xxh64(data: bytes) -> int:
    def turn(lane: int, word: int) -> int:
        return rotate((lane + word * PRIME64[1]) & MASK,
                      31) * PRIME64[0] & MASK

    at = 0
    result = PRIME64[4]
    if len(data) >= 32:
        lanes = [(PRIME64[0] + PRIME64[1]) & MASK, PRIME64[1], 0,
                 -PRIME64[0] & MASK]
        while at + 32 <= len(data):
            lanes = [turn(lane, read64(data, at + 8 * i))
                     for i, lane in enumerate(lanes)]
            at += 32
        result = sum(rotate(lane, count)
                     for lane, count in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            result = ((result ^ turn(0, lane)) * PRIME64[0]
                      + PRIME64[3]) & MASK
    result = (result + len(data)) & MASK
    while at + 8 <= len(data):
        result = (rotate(result ^ turn(0, read64(data, at)), 27) * PRIME64[0]
                  + PRIME64[3]) & MASK
        at += 8
    if at + 4 <= len(data):
        result = (rotate(result ^ read32(data, at) * PRIME64[0] & MASK, 23)
                  * PRIME64[1] + PRIME64[2]) & MASK
        at += 4
    for byte in data[at:]:
        result = rotate(result ^ byte * PRIME64[4] & MASK,
                        11) * PRIME64[0] & MASK
    return avalanche64(result)


def _small(data: bytes) -> tuple[int, int]:
    """Up to 16 bytes."""
    size = len(data)
    if size > 8:
        low, high = read64(data, 0), read64(data, size - 8)
        product = (low ^ high ^ read64(SECRET, 32)
                   ^ read64(SECRET, 40)) * PRIME64[0]
        first = ((product & MASK) + ((size - 1) << 54)) & MASK
        high ^= read64(SECRET, 48) ^ read64(SECRET, 56)
        second = ((product >> 64) + high
                  + (high & 0xFFFFFFFF) * (PRIME32[1] - 1)) & MASK
        product = (first ^ swap(second, 8)) * PRIME64[1]
        return (avalanche(product & MASK),
                avalanche(((product >> 64) + second * PRIME64[1]) & MASK))
    if size > 3:
        keyed = ((read32(data, 0) | read32(data, size - 4) << 32)
                 ^ read64(SECRET, 16) ^ read64(SECRET, 24))
        product = keyed * (PRIME64[0] + (size << 2) & MASK)
        high = ((product >> 64) + (product << 1)) & MASK
        low = product & MASK ^ high >> 3
        low = (low ^ low >> 35) * 0x9FB21C651E98DF25 & MASK
        return low ^ low >> 28, avalanche(high)
    if size > 0:
        low = (data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8)
        high = rotate(swap(low, 4), 13, 32)
        return (avalanche64(low ^ read32(SECRET, 0) ^ read32(SECRET, 4)),
                avalanche64(high ^ read32(SECRET, 8) ^ read32(SECRET, 12)))
    return (avalanche64(read64(SECRET, 64) ^ read64(SECRET, 72)),
            avalanche64(read64(SECRET, 80) ^ read64(SECRET, 88)))


def _middle(data: bytes) -> tuple[int, int]:
    """17 to 240 bytes."""
    size = len(data)
    low, high = size * PRIME64[0] & MASK, 0

    def mix(at: int, secret: int) -> int:
        return fold(read64(data, at) ^ read64(SECRET, secret),
                    read64(data, at + 8) ^ read64(SECRET, secret + 8))

    def add(first: int, second: int, secret: int) -> None:
        nonlocal low, high
        low = (low + mix(first, secret)) & MASK
        low ^= (read64(data, second) + read64(data, second + 8)) & MASK
        high = (high + mix(second, secret + 16)) & MASK
        high ^= (read64(data, first) + read64(data, first + 8)) & MASK

    if size <= 128:
        for i in reversed(range((size - 1) // 32)):
            add(16 * (i + 1), size - 16 * (i + 2), 32 * (i + 1))
        add(0, size - 16, 0)
    else:
        for i in range(size // 32):
            if i == 4:
                low, high = avalanche(low), avalanche(high)
            add(32 * i, 32 * i + 16, 32 * i if i < 4 else 32 * (i - 4) + 3)
        if size // 32 == 4:
            low, high = avalanche(low), avalanche(high)
        add(size - 16, size - 32, 136 - 17 - 16)
    return (avalanche((low + high) & MASK),
            -avalanche((low * PRIME64[0] + high * PRIME64[3]
                        + size * PRIME64[1]) & MASK) & MASK)


def _large(data: bytes) -> tuple[int, int]:
    """More than 240 bytes."""
    size = len(data)
    lanes = [PRIME32[2], PRIME64[0], PRIME64[1], PRIME64[2], PRIME64[3],
             PRIME32[1], PRIME64[4], PRIME32[0]]
    words = struct.Struct("<8Q")

    def accumulate(at: int, secret: int) -> None:
        values = words.unpack_from(data, at)
        for i, key in enumerate(words.unpack_from(SECRET, secret)):
            key ^= values[i]
            lanes[i ^ 1] += values[i]
            lanes[i] += (key & 0xFFFFFFFF) * (key >> 32)

    def merge(secret: int, start: int) -> int:
        for i in range(4):
            start += fold(
                lanes[2 * i] & MASK ^ read64(SECRET, secret + 16 * i),
                lanes[2 * i + 1] & MASK ^ read64(SECRET, secret + 16 * i + 8))
        return avalanche(start & MASK)

    # The last stripe has a secret of its own, whether or not it is a whole one.
    for stripe in range((size - 1) // 64):
        accumulate(64 * stripe, stripe % 16 * 8)
        if stripe % 16 == 15:
            for i, key in enumerate(words.unpack_from(SECRET, 128)):
                lane = lanes[i] & MASK
                lanes[i] = (lane ^ lane >> 47 ^ key) * PRIME32[0] & MASK
    accumulate(size - 64, 128 - 7)
    return (merge(11, size * PRIME64[0] & MASK),
            merge(128 - 11, ~(size * PRIME64[1]) & MASK))


def xxh3_128(data: bytes) -> tuple[int, int]:
    """The low and the high half."""
    if len(data) <= 16:
        return _small(data)
    return _middle(data) if len(data) <= 240 else _large(data)
