"""Hostile variants of good files: JSON with other values, bytes with other bits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

NUMBERS: list[Any] = [0, -1, 1, 2, 255, 65536, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63)]
NUMBERS += [0.5, -0.0, 1e308, -1e308, 1e-320, float("nan"), float("inf"), float("-inf")]
TEXTS = ["", " ", "\0", "../../../etc/passwd", "/etc/passwd", "//host/share/x", "C:\\x", "CON", "<img src='/dev/zero'>"]
TEXTS += ["\u202e", "\ud800", "\x1b]0;title\x07", "a" * 5000, "%s%n", "NaN", "1e999", "toy:ring8", "sample:digits"]
TEXTS += ["none", "auto", "cpu", "cuda:0", "bf16", "4x4", "16x16"]
OTHERS: list[Any] = [None, True, False, [], {}, [[]], [1, 2, 3], {"a": 1}, [None] * 3, ["x"] * 40, [0.1] * 64]


def mutated_json(random: Random, value: Any) -> Any:
    """Returns a copy in which up to three values, keys or items are others, missing, or there again."""
    value = json.loads(json.dumps(value))
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        places = [place for place in _places(value) if place]
        if not places:
            return _hostile(random)
        *parents, key = random.choice(places)
        holder = value
        for parent in parents:
            holder = holder[parent]
        _change(random, holder, key)
    return value


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from _places(value[key], (*place, key))


def _change(random: Random, holder: Any, key: Any) -> None:
    old = holder[key]
    match random.choice(["value"] * 6 + ["number"] * 3 + ["none"] * 2 + ["more"] * 2):
        case "number" if isinstance(old, int | float) and abs(old) < 2**60:
            holder[key] = random.choice([old + 1, old - 1, -old, old * 2, old * 1000, old / 3])
        case "none":
            del holder[key]
        case "more" if isinstance(holder, list):
            holder.insert(key, old)
        case "more":
            holder[random.choice([*holder, "extra", "", "__proto__"])] = _hostile(random)
        case _:
            holder[key] = _hostile(random)


def _hostile(random: Random) -> Any:
    return deepcopy(random.choice(random.choice([NUMBERS, TEXTS, OTHERS])))  # it may be changed in turn


def mutated_bytes(random: Random, data: bytes, reach: int | None = None) -> bytes:
    """Returns a copy in which some bytes are others, missing or there again; `reach`: only so many from the start."""
    changed = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 4, 8, 32])):
        if not changed:
            break
        at = random.randrange(min(len(changed), reach or len(changed)))
        match random.randrange(7):
            case 0 | 1:
                changed[at] ^= 1 << random.randrange(8)
            case 2:
                changed[at] = random.choice([0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)])
            case 3:
                size = random.choice([2, 4, 8])
                number = random.choice([0, 1, -1, 2**31 - 1, 2**31, 2**16, 2**63 - 1, random.getrandbits(64)])
                number &= 2 ** (8 * size) - 1
                changed[at : at + size] = number.to_bytes(size, random.choice(["little", "big"]))
            case 4:
                del changed[at : at + random.choice([1, 2, 8, 64, 1000])]
            case 5:
                other, size = random.randrange(len(changed)), random.choice([1, 4, 16, 100])
                changed[at : at + random.choice([0, size])] = changed[other : other + size]
            case 6 if random.random() < 0.3:
                del changed[at:]
    return bytes(changed)
