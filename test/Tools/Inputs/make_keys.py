# make_keys.py - entries whose keys differ in ways that a test names.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""make_keys.py LIBRARY FOLDER: FOLDER/NAME.entry each, and all of them in
FOLDER/cache."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "Integration"))

from cache_api import Cache  # noqa: E402

SOURCE = b"func @gemm {\n  %0 = load\n  return\n}\n"


def make_key(kind: str, **fields: bytes) -> bytes:
    key = f"tilewright-key 1 {kind}\n".encode()
    for name, value in fields.items():
        key += b"%s %d\n%s\n" % (name.encode(), len(value), value)
    return key


KEYS = {
    "base": make_key("kernel", chip=b"gfx942", source=SOURCE, blob=bytes(99)),
    "same": make_key("kernel", chip=b"gfx942", source=SOURCE, blob=bytes(99)),
    "chip": make_key("kernel", chip=b"sm_90", source=SOURCE, blob=bytes(99)),
    "source": make_key("kernel", chip=b"gfx942",
                       source=SOURCE.replace(b"load", b"load\x1b[31m"),
                       blob=bytes(99)),
    "line": make_key("kernel", chip=b"gfx942",
                     source=SOURCE.replace(b"load", b"store"), blob=bytes(99)),
    "blob": make_key("graph", chip=b"gfx942", source=SOURCE,
                     blob=bytes(50) + b"x" + bytes(48)),
    "fewer": make_key("kernel", source=SOURCE, blob=bytes(99), pad=b"8"),
    "order": make_key("kernel", blob=bytes(99), chip=b"gfx942", source=SOURCE),
    "local": make_key("file", device=b"8", inode=b"5", bytes=b"3"),
    "opaque": b"any bytes\0 1",
    "opaque2": b"any bytes\0 2",
    "hostile": b"tilewright-key 1 kernel\nchip 99999999999999999\nx\n",
}


def main() -> None:
    folder = pathlib.Path(sys.argv[2])
    for name, key in KEYS.items():
        for place in (folder / "cache", folder / "one"):
            cache = Cache(sys.argv[1], folder=str(place), redis="")
            cache.put(key, b"value")
            cache.close()
        entry, = (folder / "one").rglob("*.entry")
        shutil.move(entry, folder / f"{name}.entry")


if __name__ == "__main__":
    main()
