# make_manifest.py - records what a program asks its session for.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""make_manifest.py LIBRARY FOLDER DESCRIPTION KERNEL VARIANT,... MANIFEST"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "Integration"))

from jit_binding import Session  # noqa: E402


def main() -> None:
    library, folder, description, kernel, variants, manifest = sys.argv[1:]
    session = Session(library, folder)
    for variant in variants.split(","):
        session.compile(description, kernel, variant, "x86-64-v3")
    session.save_manifest(manifest)
    session.close()


if __name__ == "__main__":
    main()
