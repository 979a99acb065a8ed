"""Checkpoints: the complete state of a training in one `.safetensors` file, without pickle and written atomically."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from math import prod
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open

from core.config.settings import Settings
from core.durable_write import replaced, unwritable
from core.errors import FOREIGN_ERRORS, UserError
from core.events import Images
from core.registry import components

if TYPE_CHECKING:
    from torch import Tensor

    from core.checkpoint_schema import TensorType

T = TypeVar("T")

FORMAT = 1
KEY = "gan_studio"
"""Where our JSON stands in the file's metadata; a file without it is not ours."""
PARTS = ("G", "D", "G_ema", "augment")
LONGEST = 2**24
"""Characters of that JSON."""
LARGEST_PREVIEW = 2**24
"""Numbers in the picture for dialogs."""
DIGEST = "digest"
"""Where the hash of everything else stands: a disk that lies, or a bad copy, is noticed before it is trained on."""


Count = Annotated[int, Field(ge=0, lt=2**63)]


class Meta(BaseModel):
    """The readable part of a checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: int = FORMAT
    settings: Settings
    channels: Annotated[int, Field(ge=1, le=4)]
    step: Count
    images: Count
    seconds: Annotated[float, Field(ge=0)]
    epoch: Count
    index: Count
    dataset: str
    dataset_fingerprint: str
    classes: tuple[str, ...] = ()
    device: str
    precision: str
    memory_format: str
    created: datetime
    stats: dict[str, float] = {}


@dataclass(frozen=True)
class Checkpoint:
    """`tensors`: `G.*`, `D.*`, `G_ema.*`, `opt_G.*`, `opt_D.*`, `random.*`, and `preview` (uint8 HWC).

    `digest`: of all of it, as it stands in the file; empty before it is one.
    """

    meta: Meta
    tensors: Mapping[str, Tensor]
    digest: str = ""

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names begin with `name.`, without that beginning."""
        return {
            key.removeprefix(f"{name}."): value for key, value in self.tensors.items() if key.startswith(f"{name}.")
        }


@dataclass(frozen=True)
class Summary:
    """What a dialog shows of a checkpoint without loading its weights. `preview`: uint8 HWC."""

    path: Path
    meta: Meta
    preview: Images
    digest: str


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Writes a checkpoint as `core.durable_write.replaced` does. Raises `UserError` when it cannot be written."""
    from safetensors.torch import save_file  # here: what only looks at a run does not wait for torch

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    meta = checkpoint.meta.model_dump_json()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as partial:
            save_file(tensors, partial, metadata={KEY: meta, DIGEST: _digest(meta, tensors)})
            partial.chmod(0o644)  # the library makes files that nobody else can read
    except (OSError, SafetensorError) as error:
        raise unwritable(path, error) from error


def load(path: Path, parts: Collection[str] = PARTS) -> Checkpoint:
    """Reads a checkpoint onto the CPU. Raises `UserError` if it is damaged, missing, or another program's.

    `parts`: those that must be there, whole.
    """
    from core import checkpoint_schema  # here, as it needs torch

    metadata, types = _read(path, lambda file: (file.metadata() or {}, _types(file)))
    meta = _meta(metadata, path)
    if "preview" in types:
        _refuse_preview(types.pop("preview"), path)
    try:
        checkpoint_schema.refuse(types, parts, meta.settings, meta.channels, len(meta.classes))
    except ValueError as error:
        raise _damaged(path, error) from error
    tensors = _read_tensors(path)
    digest = _digest(metadata[KEY], tensors)
    if metadata.get(DIGEST) != digest:
        raise _damaged(path, ValueError("the digest does not fit"))
    return Checkpoint(meta, tensors, digest)


def summary(path: Path) -> Summary:
    """The readable part and the preview image only; quick whatever the size of the file. Raises as `load`."""

    def use(file: Any) -> Summary:
        metadata = file.metadata() or {}
        meta = _meta(metadata, path)
        _refuse_preview(_type(file, "preview"), path)
        return Summary(path, meta, np.asarray(file.get_tensor("preview")), metadata.get(DIGEST, ""))

    return _read(path, use)


def _read(path: Path, use: Callable[[Any], T]) -> T:
    try:
        if not S_ISREG(path.stat().st_mode):  # a pipe would wait for ever
            raise OSError("not a regular file")
        with _named(path) as name, safe_open(name, framework="numpy") as file:
            return use(file)
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.", "Check the path.") from None
    except (SafetensorError, *FOREIGN_ERRORS) as error:
        raise _damaged(path, error) from error


def _refuse_preview(found: TensorType, path: Path) -> None:
    kind, shape = found
    if kind != "U8" or len(shape) != 3 or shape[2] not in (1, 3, 4) or not 0 < prod(shape) <= LARGEST_PREVIEW:
        raise _damaged(path, ValueError(f"a preview of {kind} {shape}"))


def _types(file: Any) -> dict[str, TensorType]:
    return {name: _type(file, name) for name in file.keys()}  # noqa: SIM118  # it is no dict


def _type(file: Any, name: str) -> TensorType:
    found = file.get_slice(name)
    return found.get_dtype(), tuple(found.get_shape())


@contextmanager
def _named(path: Path) -> Iterator[str]:
    """Yields a name of the file that the library can open: it knows no names but those in UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with path.open("rb") as file:
            yield f"/dev/fd/{file.fileno()}"
    else:
        yield str(path)


def _read_tensors(path: Path) -> dict[str, Tensor]:
    from safetensors import torch as safetensors

    try:
        # Not as a map of the file, which tensors would keep: the process would end where its disk is taken away.
        return safetensors.load(path.read_bytes())
    except (SafetensorError, *FOREIGN_ERRORS) as error:
        raise _damaged(path, error) from error


def _digest(meta: str, tensors: Mapping[str, Tensor]) -> str:
    state = blake2b(meta.encode(), digest_size=16)
    for name in sorted(tensors):
        values = tensors[name].numpy()
        state.update(f"{name} {values.dtype} {values.shape}".encode())
        state.update(values.tobytes())
    return state.hexdigest()


def _damaged(path: Path, error: Exception) -> UserError:
    if path.suffix in {".pt", ".pth", ".pkl", ".ckpt"}:
        remedy = "Open a .safetensors file that GAN Studio saved."
        return UserError(f"{path.name} is a checkpoint of another program.", remedy, str(error))
    remedy = "Open an older checkpoint of the same run."
    return UserError(f"{path.name} is damaged or incomplete, and cannot be read.", remedy, str(error))


def _meta(metadata: Mapping[str, str] | None, path: Path) -> Meta:
    text = (metadata or {}).get(KEY)
    foreign = UserError(
        f"{path.name} is a checkpoint of another program.", "Open a .safetensors file that GAN Studio saved."
    )
    if text is None:
        raise foreign
    if len(text) > LONGEST:
        raise _damaged(path, ValueError(f"{len(text)} characters of settings"))
    try:
        values = json.loads(text)
        if values.get("format", 0) > FORMAT:
            raise UserError(f"{path.name} was saved by a newer GAN Studio.", "Update GAN Studio and open it again.")
        settings = values["settings"]
        settings.setdefault("holdout", 0.0)  # before there were images held out, all were trained on
        settings.setdefault("ema_ramp", 15.0)  # before it was a setting
        # Before the setting existed, discriminators that can do without this bias had none.
        settings.setdefault("d_bias", not components("models")[settings["network"]].facts.get("INPUT_BIAS", False))
        return Meta.model_validate(values)
    except (ValidationError, *FOREIGN_ERRORS) as error:
        raise _damaged(path, error) from error
