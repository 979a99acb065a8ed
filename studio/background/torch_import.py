"""Import of torch in a thread without blocking the window.

Python holds its global lock while it loads a compiled module, and torch's libraries take some hundred milliseconds
each. Loaded through libc beforehand, as a foreign call, they let the window draw meanwhile.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

LIBRARIES = ("c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch", "torch_python")
RTLD_LAZY = 1


@cache
def import_torch() -> None:
    """Imports torch in the calling thread; a second call does nothing. Without these libraries (Windows) it is a plain
    import."""
    spec = find_spec("torch")
    if "torch" not in sys.modules and sys.platform != "win32" and spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "lib"
        ending = ".dylib" if sys.platform == "darwin" else ".so"
        dlopen = ctypes.CDLL(None).dlopen
        dlopen.argtypes, dlopen.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
        for name in LIBRARIES:
            # A missing library (no CUDA in this build) gives null, which is fine.
            dlopen(bytes(folder / f"lib{name}{ending}"), RTLD_LAZY)
    import torch  # noqa: F401  # where another thread is at it, this waits
