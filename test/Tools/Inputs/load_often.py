# load_often.py - loads and closes a library; says what that leaves allocated.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import ctypes
import sys


class MallInfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
        "uordblks", "fordblks", "keepcost")]


libc = ctypes.CDLL("libc.so.6")
libc.mallinfo2.restype = MallInfo2
dl = ctypes.CDLL(None)
dl.dlopen.restype = ctypes.c_void_p
RTLD_NOW, TIMES = 2, 50


def load() -> None:
    handle = dl.dlopen(sys.argv[1].encode(), RTLD_NOW)
    assert handle, "cannot be loaded"
    dl.dlclose(ctypes.c_void_p(handle))


load()
before = libc.mallinfo2().uordblks
for _ in range(TIMES):
    load()
print("bytes a time:", (libc.mallinfo2().uordblks - before) // TIMES)
