# compile_elsewhere.py - compiles a kernel in another working directory than
# that in which the runtime was loaded.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# compile_elsewhere.py BINDING KERNEL.json CACHE opened-before|opened-after
#                      USES_PROCESS
#
# BINDING is the folder of jit_binding.py. The session is opened before or after
# the working directory changes.
import ctypes
import os
import pathlib
import sys

binding, kernel, cache, when, uses_process = sys.argv[1:]
sys.path.insert(0, binding)
from jit_binding import Session  # noqa: E402

library = "libtilewright-rt.so"
ctypes.CDLL(library)
if when == "opened-after":
    os.chdir("/")
session = Session(library, pathlib.Path(cache), usesProcess=int(uses_process))
os.chdir("/")
content = session.compile(pathlib.Path(kernel), "vector_add", "f32", "gfx942")
assert b"vector_add" in content
session.close()
print("compiled")
