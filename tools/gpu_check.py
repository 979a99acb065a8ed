"""`make gpu-check`: what works on this machine's GPU and how fast, beside the plain recipe; in six minutes, or less.

`docs/measurements/gpu.md` says how to read the table. On a CPU the checks that need a GPU are skipped. Exit code 1 if
any failed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import cast

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402  # the path first

from core.devices import resolve  # noqa: E402
from core.errors import UserError  # noqa: E402
from tools.gpu_checks.bench import FAILED, SKIPPED, Bench, Case, Check, Row, reason  # noqa: E402

CHECKS = (
    "machine",
    "waits",
    "presets",
    "translations",
    "recorded",
    "resume",
    "speed",
    "sampler",
    "trial",
    "devices",
    "memory",
)
"""In this order: the memory's limit comes last."""
BUDGET = 360.0
"""Seconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, 1 if a check failed, or 2 for a device that is not here."""
    options = _options(arguments)
    try:
        device = resolve(options.device)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if device.type == "cuda":
        torch.cuda.set_device(device)
    found: list[Row] = []
    try:
        for row in rows(Bench(device, options.budget), options.only):
            found.append(row)
            print(f"{row.check}, {row.case}: {row.verdict}  {row.seen}", file=sys.stderr, flush=True)
            if options.json:
                options.json.write_text(json.dumps([each._asdict() for each in found], indent=1), "utf-8")
    finally:  # Ctrl-C included
        print(table(found))
    return int(any(row.verdict == FAILED for row in found))


def rows(bench: Bench, names: Iterable[str]) -> Iterator[Row]:
    """Runs checks within the bench's budget, of which each gets its share, and yields their rows."""
    checks: dict[str, Check] = {}
    for name in names:
        try:
            checks[name] = cast(Check, import_module(f"tools.gpu_checks.{name}"))
        except Exception as error:  # such as a torch that lacks something
            yield Row(name, "", FAILED, reason(error))
    while checks:
        name = next(iter(checks))
        share = bench.left() * checks[name].SECONDS / sum(check.SECONDS for check in checks.values())
        yield from _rows_of(name, checks.pop(name), bench, share)


def table(found: Iterable[Row]) -> str:
    """Returns rows as a table, and their count."""
    found = list(found)
    heads = ("check", "case", "result", "seen")
    lines = [heads, *((row.check, row.case, row.verdict, row.seen) for row in found)]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    texts = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[3]]) for line in lines
    ]
    failed, skipped = (sum(row.verdict == verdict for row in found) for verdict in (FAILED, SKIPPED))
    seconds = sum(row.seconds for row in found)
    return "\n".join(
        [*map(str.rstrip, texts), "", f"{len(found)} rows, {failed} failed, {skipped} skipped, {seconds:.0f} s"]
    )


def _rows_of(name: str, check: Check, bench: Bench, share: float) -> Iterator[Row]:
    """Runs the cases of a check until its share of the time is spent; the first one as long as there is any left."""
    if check.NEEDS_CUDA and not bench.is_cuda:
        yield Row(name, "all", SKIPPED, "no GPU" if bench.is_cpu else "needs CUDA or ROCm")
        return
    end = perf_counter() + share
    cases = list(check.cases(bench))
    for number, case in enumerate(cases):
        if perf_counter() >= end and (number or bench.left() <= 0):
            yield Row(name, "others", SKIPPED, f"no time left for {', '.join(case.name for case in cases[number:])}")
            return
        yield _row(name, case, bench)


def _row(name: str, case: Case, bench: Bench) -> Row:
    start = perf_counter()
    try:
        verdict, seen, figures = case.run()
    except Exception as error:  # one that fails says so, and the others go on
        verdict, seen, figures = FAILED, reason(error), cast(Mapping[str, float], {})
    try:
        bench.tidy()
    except Exception as error:  # a kernel that failed can make the device useless for this process
        verdict, seen = FAILED, f"{seen}; {reason(error)}"
    return Row(name, case.name, verdict, seen, figures, perf_counter() - start)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="cuda:0, cpu ...; auto is the fastest")
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds for all checks together")
    parser.add_argument("--only", type=_names, default=CHECKS, help=f"checks, separated by commas: {', '.join(CHECKS)}")
    parser.add_argument("--json", type=Path, help="file for the rows with all numbers, written after each one")
    return parser.parse_args(arguments)


def _names(text: str) -> tuple[str, ...]:
    names = text.split(",")
    if unknown := [name for name in names if name not in CHECKS]:
        raise argparse.ArgumentTypeError(f"there is no check {unknown[0]!r}")
    return tuple(name for name in CHECKS if name in names)


if __name__ == "__main__":
    # Before the first product on the GPU: cuBLAS gives the same bits each time only with a fixed workspace.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    raise SystemExit(main())
