"""A stand-in for an Apple GPU ("mps") on a machine without one: the arithmetic happens on the CPU, and every operator
that would have run on the GPU is compared with what torch implements there.

A function mode answers what Python asks torch for (`device`, `to`, `cpu`, `numpy`, tensors made on a device) and
remembers by their storages which tensors would lie on the GPU, and which in main memory. A dispatch mode sees every
ATen operator, those of backward passes too, since on a CPU they run in the thread that asks for them. Operators that
torch composes of others for any device are taken apart.

What it does not see: kernels that MPS has but that are wrong or slow, limits of single macOS versions, what C++ code
chooses by the device (other than convolutions), and full memory. Copies to and from the GPU are allowed as there.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from core.devices import survey

DEVICE = torch.device("mps")
CPU = torch.device("cpu")
NOT_LISTED = {"convolution", "convolution_backward", "detach"}
"""Operators that work without a kernel of their own: C++ code chooses convolutions by the device, and detaching is no
work."""
COPIES = {"copy_", "_to_copy", "index", "index_put_", "_index_put_impl_"}
"""Operators that may be given tensors of both sides."""
COMPOSED = ("CompositeExplicitAutograd", "CompositeExplicitAutogradNonFunctional", "CompositeImplicitAutograd")
WIDE = {torch.float64, torch.complex128}


@cache
def installed() -> frozenset[str]:
    """Returns the operators that the installed torch implements for MPS: every build ships the list of all devices."""
    (package,) = find_spec("torchgen").submodule_search_locations  # type: ignore[union-attr, misc]
    return implemented(Path(package, "packaged/ATen/native/native_functions.yaml").read_text("utf-8"))


def implemented(listing: str) -> frozenset[str]:
    """Returns the names, with overloads, of the operators that a `native_functions.yaml` has a kernel for MPS of."""
    own: dict[str, bool] = {}
    delegates: dict[str, str] = {}
    for entry in listing.split("\n- func: ")[1:]:
        name = entry.split("(", 1)[0]
        own[name] = bool(re.search(r"^    (?:\w+, )*MPS(?:, \w+)*:", entry, re.MULTILINE))
        if found := re.search(r"^  structured_delegate: (\S+)", entry, re.MULTILINE):
            delegates[name] = found[1]
    return frozenset(name for name in own if own[delegates.get(name, name)])


class Operator(NamedTuple):
    """One ATen operator."""

    name: str
    works: bool
    """True if there is a kernel for MPS, or none is needed."""
    is_composed: bool
    """True if torch has code that calls other operators, on every device."""
    may_mix: bool
    tensors: tuple[int, ...]
    """Places of the arguments that are declared as one tensor."""

    @classmethod
    @cache
    def of(cls, func: Any) -> Operator:
        plain, overload = func._schema.name.removeprefix("aten::"), func._schema.overload_name
        name = f"{plain}.{overload}" if overload else plain
        is_composed = any(torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), key) for key in COMPOSED)
        arguments = enumerate(func._schema.arguments)
        tensors = tuple(place for place, argument in arguments if str(argument.type) == "Tensor")
        return cls(name, name in installed() | NOT_LISTED, is_composed, plain in COPIES, tensors)


class AppleGpu(TorchFunctionMode):
    """The GPU as Python sees it. `problems`: calls that would fail on it, in order of appearance."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: dict[str, None] = {}
        self.operators: set[str] = set()
        self.makes_tensors = False
        """True while an operator without tensors among its arguments is made for the GPU."""
        self._sides: dict[int, tuple[StorageWeakRef, bool]] = {}

    def holds(self, value: object) -> bool:
        """Returns whether a tensor lies on the GPU."""
        return self._side(value) is True

    def in_main_memory(self, value: object) -> bool:
        """Returns whether a tensor is known not to lie there; C++ code makes some of which nothing is known."""
        return self._side(value) is False

    def put(self, tensors: Iterable[Tensor], there: bool) -> None:
        """Notes where tensors lie that were just made."""
        for tensor in tensors:
            if tensor.device.type == "cpu":
                reference = StorageWeakRef(tensor.untyped_storage())
                self._sides[reference.cdata] = reference, there

    def refuse(self, text: str) -> None:
        ours = [frame for frame in traceback.extract_stack() if re.search(r"(?<!tests)[/\\]core[/\\]", frame.filename)]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "a test"
        self.problems[f"{where}: {text}"] = None

    def _side(self, value: object) -> bool | None:
        if not isinstance(value, Tensor) or value.device.type != "cpu":
            return None
        return self._sides.get(value.untyped_storage()._cdata, (None, None))[1]

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        subject: Any = args[0] if args else None
        if func == Tensor.device.__get__:
            return DEVICE if self.holds(subject) else func(*args)
        if func in (Tensor.numpy, Tensor.__array__) and self.holds(subject):
            raise TypeError("can't convert mps:0 device type tensor to numpy. Use Tensor.cpu() first.")
        if func == Tensor.cpu:
            return self._moved(subject, CPU, {})
        if func == Tensor.to:
            return self._to(*args, **kwargs)
        asked = kwargs.get("device")
        if asked is None:
            made = func(*args, **kwargs)
            if func in FACTORIES and self._side(made) is None:
                self.put([made], False)
            return made
        there = torch.device(asked).type == "mps"
        self.makes_tensors = there
        try:
            made = func(*args, **kwargs | {"device": CPU} if there else kwargs)
        finally:
            self.makes_tensors = False
        self.put(_tensors((made,)), there)
        return made

    def _to(self, tensor: Tensor, *args: Any, copy: bool = False, **kwargs: Any) -> Tensor:
        device, dtype, _, layout = torch._C._nn._parse_to(*args, **kwargs)
        if any(isinstance(arg, Tensor) and self.holds(arg) for arg in args):
            device = DEVICE
        how = {"memory_format": layout, "dtype": dtype, "copy": copy or None}
        how = {name: value for name, value in how.items() if value is not None}
        if device is None or device.type == "meta":
            return tensor.to(*args, **kwargs | ({"copy": True} if copy else {}))
        return self._moved(tensor, device, how)

    def _moved(self, tensor: Tensor, device: torch.device, how: dict[str, Any]) -> Tensor:
        there = device.type == "mps"
        if self.holds(tensor) == there:
            return tensor.to(**how) if how else tensor
        if there and how.get("dtype", tensor.dtype) in WIDE:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        with torch.utils._python_dispatch._disable_current_modes():
            moved = tensor.to(**how | {"copy": True})
        self.put([moved], there)
        return moved


FACTORIES = {torch.zeros, torch.ones, torch.empty, torch.full, torch.rand, torch.randn, torch.randint, torch.arange}
FACTORIES |= {torch.eye, torch.tensor, torch.from_numpy, torch.linspace, torch.randperm}


class Operators(TorchDispatchMode):
    """Looks at every operator that would run on the GPU."""

    def __init__(self, gpu: AppleGpu) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._gpu = gpu

    def __torch_dispatch__(self, func: Any, types: object, args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        with torch._C.DisableTorchFunction():
            return self._run(func, args, kwargs or {})

    def _run(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        tensors = [*_tensors(args), *_tensors(kwargs.values())]
        runs_there = self._gpu.makes_tensors if not tensors else any(map(self._gpu.holds, tensors))
        if not runs_there or func.namespace != "aten":
            return func(*args, **kwargs)
        operator = Operator.of(func)
        self._gpu.operators.add(operator.name)
        if not operator.may_mix and any(tensor.dim() and self._gpu.in_main_memory(tensor) for tensor in tensors):
            self._gpu.refuse(f"{operator.name}: tensors on two devices")
        if any(
            isinstance(arg, int | float) for arg in (args[place] for place in operator.tensors if place < len(args))
        ):
            # A number in place of a tensor, as C++ code passes it on.
            args = [
                torch.as_tensor(arg) if place in operator.tensors and arg is not None else arg
                for place, arg in enumerate(args)
            ]
        if operator.works or not operator.is_composed:
            if not operator.works:
                self._gpu.refuse(f"{operator.name} is not implemented for MPS in torch {torch.__version__}")
            found = func(*args, **kwargs)
        else:
            with self:
                found = func.redispatch(torch._C.DispatchKeySet(torch._C.DispatchKey.CPU), *args, **kwargs)
        made = list(_tensors((found,)))
        self._gpu.put(made, True)
        for tensor in [*tensors, *made]:
            if tensor.dtype in WIDE and self._gpu.holds(tensor):
                self._gpu.refuse(f"{operator.name}: {tensor.dtype}")
        if operator.name == "_adaptive_avg_pool2d":
            self._check_pooling(args)
        return found

    def _check_pooling(self, args: Any) -> None:
        for side, wanted in zip(args[0].shape[-2:], args[1], strict=True):
            if side % wanted and wanted % side:
                self._gpu.refuse(f"_adaptive_avg_pool2d: from {side} to {wanted} pixels")


def _tensors(values: Iterable[object]) -> Iterator[Tensor]:
    """Returns the tensors among values, and in lists of them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


class _Generator(torch.Generator):
    """A random generator of the CPU that says it is the GPU's."""

    def __new__(cls, device: Any = CPU) -> Any:
        return super().__new__(cls)

    def __init__(self, device: Any = CPU) -> None:
        super().__init__()
        self._device = torch.device(device)

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return self._device


class _Event:
    """An event of a device on which all is done as soon as it is asked for."""

    def record(self) -> None: ...

    def synchronize(self) -> None: ...


@contextmanager
def apple_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppleGpu]:
    """A machine with an Apple GPU, for the calls inside."""
    import torch._dynamo  # which optimizers import, and which looks at what is replaced here

    monkeypatch.setattr(torch.backends.mps, "is_available", cache(lambda: True))
    monkeypatch.setattr(torch, "Generator", _Generator)
    monkeypatch.setattr("core.training.pacer.MpsEvent", _Event)
    monkeypatch.setattr(torch.mps, "synchronize", lambda: None)
    monkeypatch.setattr(torch.mps, "empty_cache", lambda: None)
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda device="mps": torch.get_rng_state())
    monkeypatch.setattr(torch.mps, "set_rng_state", lambda state, device="mps": torch.set_rng_state(state))
    survey.cache_clear()
    gpu = AppleGpu()
    try:
        with gpu, Operators(gpu):
            yield gpu
    finally:
        survey.cache_clear()  # or whatever comes next would look for this device
