# cache_entries.py - the files of a cache, read as docs/CacheFormat.md says.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A reader and a writer of entries without a line of the runtime's."""

from __future__ import annotations

import pathlib
import struct

from plain_xxhash import xxh3_128, xxh64

# What is before the check of the header.
HEADER = struct.Struct("<8sIIQQQQ")
MAGIC = b"TWCACHE\0"


class Damaged(Exception):
    """What of the format an entry does not keep."""


def align(size: int) -> int:
    return (size + 63) // 64 * 64


def write_entry(key: bytes, value: bytes) -> bytes:
    body = key.ljust(align(64 + len(key)) - 64, b"\0") + value
    header = HEADER.pack(MAGIC, 1, 0, len(key), len(value), *xxh3_128(body))
    return header + struct.pack("<QQ", xxh64(header), 0) + body


def read_entry(data: bytes) -> tuple[bytes, bytes]:
    """The key and the value."""
    if len(data) < 64:
        raise Damaged("it is shorter than a header")
    magic, version, zero, key_bytes, value_bytes, low, high = HEADER.unpack(
        data[:HEADER.size])
    check, last = struct.unpack("<QQ", data[HEADER.size:64])
    if magic != MAGIC or check != xxh64(data[:HEADER.size]):
        raise Damaged("the header")
    if version != 1 or zero or last:
        raise Damaged("another version")
    begin = align(64 + key_bytes)
    if len(data) != begin + value_bytes:
        raise Damaged("its size")
    if any(data[64 + key_bytes:begin]):
        raise Damaged("bytes behind the key")
    if (low, high) != xxh3_128(data[64:]):
        raise Damaged("the key or the value")
    return data[64:64 + key_bytes], data[begin:]


def get_path(key: bytes) -> pathlib.Path:
    """Of an entry, in the cache's folder."""
    low, high = xxh3_128(key)
    digits = f"{high:016x}{low:016x}"
    return pathlib.Path("v1", digits[:2], digits[2:] + ".entry")


def read_folder(folder: pathlib.Path) -> dict[bytes, bytes]:
    """The value of each key. Entries lie where their keys say."""
    found = {}
    for path in folder.rglob("*.entry"):
        key, value = read_entry(path.read_bytes())
        assert path.relative_to(folder) == get_path(key)
        found[key] = value
    return found


def read_key(key: bytes) -> tuple[str, dict[str, bytes]]:
    """The kind of a key that says what it is made of, and its fields."""
    title, rest = key.split(b"\n", 1)
    name, version, kind = title.decode().split(" ", 2)
    assert (name, version) == ("tilewright-key", "1")
    fields = {}
    while rest:
        line, rest = rest.split(b"\n", 1)
        field, length = line.decode().rsplit(" ", 1)
        fields[field] = rest[:int(length)]
        assert rest[int(length):int(length) + 1] == b"\n"
        rest = rest[int(length) + 1:]
    return kind, fields
