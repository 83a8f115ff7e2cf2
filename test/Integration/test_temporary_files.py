# test_temporary_files.py - compilations where folders are full.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The linker's files are in memory, or where the system has no such files, in a
folder for temporary ones. There it writes to mapped memory, which ends a process
where a file system is full: each test has file systems of its own, of a few
pages."""

import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from host_harness import BUILD, ROOT  # noqa: E402

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
KERNEL = ROOT / "examples/kernels/vector_add.json"


def can_mount() -> bool:
    try:
        return subprocess.run(
            [*NAMESPACE, "mount", "-t", "tmpfs", "none", "/proc"],
            capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = pytest.mark.skipif(not can_mount(),
                                reason="needs mounts of its own")


def compile_with(tmp_path, temporary: str, has_memory: bool = False):
    """tile-compile, with such options of the mount."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    # Without /proc a file in memory cannot be opened.
    hide = "" if has_memory else "mount -t tmpfs none /proc && "
    script = (f"mount -t tmpfs -o {temporary} none {folder} && {hide}"
              f"TMPDIR={folder} {BUILD}/bin/tile-compile {KERNEL} "
              f"--variant f32 --chip gfx942 --quiet "
              f"-o {tmp_path}/v.tilelib; result=$?; "
              f"ls -A {folder}; exit $result")
    done = subprocess.run([*NAMESPACE, "sh", "-c", script],
                          capture_output=True, text=True)
    # Nothing is left behind.
    assert done.stdout == ""
    return done.returncode, done.stderr, folder


@pytest.mark.parametrize("options, has_memory",
                         [("size=1m", False), ("size=4k,ro", True)])
def test_there_is_room(tmp_path, options, has_memory):
    code, text, _ = compile_with(tmp_path, options, has_memory)
    assert (code, text) == (0, "")
    assert (tmp_path / "v.tilelib").exists()


@pytest.mark.parametrize("options, reason", [
    ("size=4k", "write a temporary file in '{}': No space left on device"),
    ("size=12k", "write a temporary file in '{}': No space left on device"),
    ("size=1m,ro", "create a temporary file in '{}': Read-only file system"),
])
def test_all_is_full(tmp_path, options, reason):
    code, text, folder = compile_with(tmp_path, options)
    assert code == 1
    assert ("\ncannot " + reason.format(folder) + "; set TMPDIR to a folder "
            "that can be written to and has room\n") in text
