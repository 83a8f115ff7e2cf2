# test_cache_entries.py - entries of the cache, by a reader of their own.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The runtime and docs/CacheFormat.md say the same of an entry; and whoever
compiles a kernel, what the cache has of it is the same."""

from __future__ import annotations

import pathlib
import random
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from cache_api import Cache  # noqa: E402
from cache_entries import (Damaged, get_path, read_entry,  # noqa: E402
                           read_folder, read_key, write_entry)
from host_harness import BUILD  # noqa: E402
from jit_binding import Session  # noqa: E402
from plain_xxhash import xxh3_128, xxh64  # noqa: E402

LIBRARY = BUILD / "lib/libtilewright-rt.so"
EXAMPLES = pathlib.Path(__file__).parents[2] / "examples/kernels"
# Each way in which the hash takes its bytes, and its ends.
SIZES = [*range(0, 20), 31, 32, 33, 63, 64, 65, 96, 97, 127, 128, 129, 159, 160,
         161, 191, 192, 239, 240, 241, 255, 256, 257, 319, 320, 1023, 1024,
         1025, 1087, 1088, 1089, 2047, 2048, 2049, 5000, 20000]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("DIR", "SHARED", "REDIS", "SECRET_FILE", "ALLOW_GROUP_WRITE"):
        monkeypatch.delenv("TILEWRIGHT_CACHE_" + name, raising=False)


def test_hashes():
    """Values of the specification's sources, for no bytes and for some."""
    assert xxh64(b"") == 0xEF46DB3751D8E999
    assert xxh64(b"abc") == 0x44BC2CF5AD770999
    assert xxh3_128(b"") == (0x6001C324468D497F, 0x99AA06D3014798D8)


def make_pairs() -> dict[bytes, bytes]:
    """Keys and values of all sizes; a key has at least a byte."""
    source = random.Random(1)
    pairs = {source.randbytes(size): source.randbytes(size // 2)
             for size in SIZES[1:]}
    pairs.update((source.randbytes(9), source.randbytes(size))
                 for size in SIZES)
    return pairs


def test_what_the_runtime_writes(tmp_path):
    pairs = make_pairs()
    cache = Cache(str(LIBRARY), folder=str(tmp_path), redis="")
    for key, value in pairs.items():
        cache.put(key, value)
    cache.close()
    assert read_folder(tmp_path) == pairs
    for key, value in pairs.items():
        entry = (tmp_path / get_path(key)).read_bytes()
        assert entry == write_entry(key, value)


def test_what_others_write(tmp_path):
    pairs = make_pairs()
    for key, value in pairs.items():
        path = tmp_path / get_path(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(write_entry(key, value))
    cache = Cache(str(LIBRARY), folder=str(tmp_path), redis="")
    for key, value in pairs.items():
        assert cache.get(key) == value
    assert cache.count().folderHits == len(pairs)
    cache.close()


@pytest.mark.parametrize("size", [0, 7, 100, 300])
def test_every_changed_byte(tmp_path, size):
    """Both refuse an entry of which any byte is another one."""
    key, value = b"k" * 5, b"v" * size
    cache = Cache(str(LIBRARY), folder=str(tmp_path), redis="",
                  maxMemoryBytes=1)
    cache.put(key, value)
    path = tmp_path / get_path(key)
    good = path.read_bytes()
    damaged = [good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1:]
               for at in range(len(good))]
    damaged += [good[:-1], good + b"\0", good[:64], b""]
    for bad in damaged:
        with pytest.raises(Damaged):
            read_entry(bad)
        path.write_bytes(bad)
        assert cache.get(key) is None
    path.write_bytes(good)
    assert cache.get(key) == value
    cache.close()


WANTED = [("vector_add.json", "vector_add", "f32"),
          ("vector_add.json", "vector_add", "bf16"),
          ("softmax.json", "softmax", "f32")]
TARGETS = ["x86-64-v3", "gfx942"] + ["sm_90"] * bool(shutil.which("ptxas"))


def read_kernels(folder: pathlib.Path) -> dict[bytes, bytes]:
    """What is there of kernels, without what is known of this machine."""
    return {key: value for key, value in read_folder(folder).items()
            if read_key(key)[0] != "file"}


def test_all_compilers_make_the_same_entries(tmp_path):
    """In this process, in one of its own, and ahead of time by a manifest: the
    same keys, and the same bytes."""
    libraries = {}
    for name, uses_process in (("here", 0), ("process", 1)):
        session = Session(LIBRARY, tmp_path / name, usesProcess=uses_process,
                          budget=600000)
        libraries[name] = [
            session.compile(EXAMPLES / file, kernel, variant, target)
            for file, kernel, variant in WANTED for target in TARGETS]
        session.save_manifest(tmp_path / f"{name}.json")
        session.close()
    assert libraries["here"] == libraries["process"]
    manifest = (tmp_path / "here.json").read_bytes()
    assert manifest == (tmp_path / "process.json").read_bytes()
    subprocess.run(
        [BUILD / "bin/tile-cache", "prebuild", tmp_path / "here.json",
         "--target", ",".join(TARGETS), "--folder", tmp_path / "ahead"],
        check=True, stdout=subprocess.DEVNULL)
    here = read_kernels(tmp_path / "here")
    assert read_kernels(tmp_path / "process") == here
    assert read_kernels(tmp_path / "ahead") == here

    # A request leads to a content, and that to the library.
    requests = {key for key in here if read_key(key)[0] == "request"}
    contents = {key for key in here if read_key(key)[0] == "content"}
    assert len(requests) == len(contents) == len(WANTED) * len(TARGETS)
    assert {here[key] for key in requests} == contents
    assert sorted(here[key] for key in contents) == sorted(libraries["here"])
    for key in requests:
        fields, content = read_key(key)[1], read_key(here[key])[1]
        assert (EXAMPLES / fields["name"].decode()).read_bytes() == \
            fields["text"]
        assert fields["compiler"] == content["compiler"]
        assert fields["variant"] == content["variant"]
