# fill_cache.py - puts entries into a cache folder, through the runtime.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""fill_cache.py LIBRARY FOLDER COUNT: values of 1000 bytes."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "Integration"))

from cache_api import Cache  # noqa: E402


def main() -> None:
    cache = Cache(sys.argv[1], folder=sys.argv[2], redis="")
    for i in range(int(sys.argv[3])):
        cache.put(b"key %d" % i, bytes([i]) * 1000)
    cache.close()


if __name__ == "__main__":
    main()
