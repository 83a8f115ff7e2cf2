# set_version.py - makes a whole entry of another version of the format.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""set_version.py PATH: version 2; of a folder, the first entry.

docs/CacheFormat.md has the bytes."""

import ctypes
import pathlib
import struct
import sys


def main() -> None:
    xxhash = ctypes.CDLL("libxxhash.so.0")
    xxhash.XXH64.restype = ctypes.c_uint64
    xxhash.XXH64.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
    path = pathlib.Path(sys.argv[1])
    if path.is_dir():
        path = min(path.rglob("*.entry"))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, 8, 2)
    struct.pack_into("<Q", data, 48, xxhash.XXH64(bytes(data[:48]), 48, 0))
    path.write_bytes(data)


if __name__ == "__main__":
    main()
