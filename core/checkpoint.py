"""Checkpoints: the complete state of a training in one `.safetensors` file, without pickle and written atomically."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError

from core.config.settings import Settings
from core.data.source import LONGEST_CLASS, MOST_CLASSES
from core.data.tensor_file import TensorFile, TensorType, opened_tensors
from core.durable_write import replaced, unwritable
from core.errors import FOREIGN_ERRORS, UserError
from core.events import Images
from core.language import _
from core.registry import components

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 1
KEY = "gan_studio"
"""Key of our JSON in the file's metadata; a file without it is from another program."""
PARTS = ("G", "D", "G_ema", "augment")
LONGEST = 2**24
"""Limit of that JSON, in characters."""
LONGEST_SOURCE, LONGEST_WORD = 2**15, 2**8
"""Limits of an escaped path and of short texts, in characters."""
MOST_STATS = 1000
LARGEST_PREVIEW = 2**24
"""Limit of the preview image, in bytes."""
DIGEST = "digest"
"""Key of the hash of everything else, which reveals bad copies and disk errors."""
OTHER_DIGEST = "the digest does not fit"


Count = Annotated[int, Field(ge=0, lt=2**63)]
Source = Annotated[str, Field(max_length=LONGEST_SOURCE)]
ClassName = Annotated[str, Field(max_length=LONGEST_CLASS)]
Word = Annotated[str, Field(max_length=LONGEST_WORD)]


class Meta(BaseModel):
    """Metadata of a checkpoint: settings, progress, dataset and device."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: int = FORMAT
    settings: Settings
    channels: Annotated[int, Field(ge=1, le=4)]
    step: Count
    images: Count
    seconds: Annotated[float, Field(ge=0)]
    epoch: Count
    index: Count
    dataset: Source
    dataset_fingerprint: Word
    classes: Annotated[tuple[ClassName, ...], Field(max_length=MOST_CLASSES)] = ()
    device: Word
    precision: Word
    memory_format: Word
    created: datetime
    stats: Annotated[dict[Word, float], Field(max_length=MOST_STATS)] = {}


@dataclass(frozen=True)
class Checkpoint:
    """State of a training: metadata, and tensors `G.*`, `D.*`, `G_ema.*`, `opt_G.*`, `opt_D.*`, `random.*`, `preview`.

    `digest`: hash in the file; empty before it is saved.
    """

    meta: Meta
    tensors: Mapping[str, Tensor]
    digest: str = ""

    def part(self, name: str) -> dict[str, Tensor]:
        """Returns the tensors whose names begin with `name.`, without that prefix."""
        return {
            key.removeprefix(f"{name}."): value for key, value in self.tensors.items() if key.startswith(f"{name}.")
        }


@dataclass(frozen=True)
class Summary:
    """Summary of a checkpoint, read without its weights. `preview`: uint8 HWC."""

    path: Path
    meta: Meta
    preview: Images
    digest: str


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Writes a checkpoint by `core.durable_write.replaced`. Raises `UserError` if it cannot be written."""
    from safetensors.torch import save_file  # here, so that looking at a run does not import torch

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    meta = checkpoint.meta.model_dump_json()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as partial:
            save_file(
                tensors,
                partial,
                metadata={KEY: meta, DIGEST: _digest(meta, tensors, lambda name: tensors[name].numpy())},
            )
            partial.chmod(0o644)  # the library makes files that only the owner can read
    except (OSError, SafetensorError) as error:
        raise unwritable(path, error) from error


def load(path: Path, parts: Collection[str] = PARTS) -> Checkpoint:
    """Reads a checkpoint onto the CPU. Raises `UserError` if it is damaged, missing, or from another program.

    `parts`: name prefixes whose tensors must be complete.
    """
    import torch

    from core import checkpoint_schema  # here, as both take time

    with _opened(path) as file:
        meta = _meta(file.metadata, path)
        types = dict(file.types)
        if "preview" in types:
            _refuse_preview(types.pop("preview"), path)
        checkpoint_schema.refuse(types, parts, meta.settings, meta.channels, len(meta.classes))
        tensors = {name: torch.from_numpy(file.read(name)) for name in file.types}
        digest = _digest(file.metadata[KEY], tensors, lambda name: tensors[name].numpy())
        if file.metadata.get(DIGEST) != digest:
            raise ValueError(OTHER_DIGEST)
    return Checkpoint(meta, tensors, digest)


def summary(path: Path) -> Summary:
    """Reads metadata and preview only, quickly at any file size. Raises as `load`."""
    with _opened(path) as file:
        meta = _meta(file.metadata, path)
        _refuse_preview(file.types["preview"], path)
        return Summary(path, meta, file.read("preview"), file.metadata.get(DIGEST, ""))


def refuse_damaged(path: Path) -> None:
    """Compares the digest with the whole file, in little memory. Raises as `load` if they differ."""
    with _opened(path) as file:
        _meta(file.metadata, path)
        if file.metadata.get(DIGEST) != _digest(file.metadata[KEY], file.types, file.read):
            raise ValueError(OTHER_DIGEST)


@contextmanager
def _opened(path: Path) -> Iterator[TensorFile]:
    """Opens a checkpoint for reading. Raises `UserError` for any error until it is closed."""
    try:
        with opened_tensors(path) as file:
            yield file
    except FileNotFoundError:
        raise UserError(_("There is no file {file}.").format(file=path), _("Check the path.")) from None
    except FOREIGN_ERRORS as error:
        raise _damaged(path, error) from error


def _refuse_preview(found: TensorType, path: Path) -> None:
    kind, shape = found
    if kind != "U8" or len(shape) != 3 or shape[2] not in (1, 3, 4) or not 0 < prod(shape) <= LARGEST_PREVIEW:
        raise _damaged(path, ValueError(f"a preview of {kind} {shape}"))


def _digest(meta: str, names: Iterable[str], read: Callable[[str], NDArray[Any]]) -> str:
    state = blake2b(meta.encode(), digest_size=16)
    for name in sorted(names):
        values = read(name)
        state.update(f"{name} {values.dtype} {values.shape}".encode())
        state.update(values.tobytes())
    return state.hexdigest()


def _damaged(path: Path, error: Exception) -> UserError:
    if path.suffix in {".pt", ".pth", ".pkl", ".ckpt"}:
        return _foreign(path, str(error))
    what = _("{file} is damaged or incomplete.").format(file=path.name)
    return UserError(what, _("Open an older checkpoint of the same run."), str(error))


def _foreign(path: Path, details: str = "") -> UserError:
    return UserError(
        _("{file} is a checkpoint from another program.").format(file=path.name),
        _("Open a .safetensors file that GAN Studio saved."),
        details,
    )


def _meta(metadata: Mapping[str, str] | None, path: Path) -> Meta:
    text = (metadata or {}).get(KEY)
    if text is None:
        raise _foreign(path)
    if len(text) > LONGEST:
        raise _damaged(path, ValueError(f"{len(text)} characters of settings"))
    try:
        values = json.loads(text)
        if values.get("format", 0) > FORMAT:
            what = _("{file} was saved by a newer GAN Studio.").format(file=path.name)
            raise UserError(what, _("Update GAN Studio and open it again."))
        settings = values["settings"]
        # Older files lack these settings: no images were held out, the ramp was fixed, and discriminators that can do
        # without the input bias had none.
        settings.setdefault("holdout", 0.0)
        settings.setdefault("ema_ramp", 15.0)
        settings.setdefault("d_bias", not components("models")[settings["network"]].facts.get("INPUT_BIAS", False))
        return Meta.model_validate(values)
    except (ValidationError, *FOREIGN_ERRORS) as error:
        raise _damaged(path, error) from error
