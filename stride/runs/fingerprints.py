"""Read the fingerprints of the steps of a training out of fingerprints.jsonl."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from stride.errors import RunError
from stride.runs.files.encoding import is_count
from stride.runs.files.jsonl import scan
from stride.runs.layout import RunPaths

Row = Mapping[str, Any]
Part = TypeVar("Part")

_DIGITS = {"float16": 4, "bfloat16": 4, "float32": 8, "float64": 16}
"""How many hexadecimal digits a number of each type has."""


class StepFingerprint(NamedTuple):
    """Hold what is known of one step, as text that is equal for equal bits.

    Attributes:
        step: the step.
        loss: type and bits of the loss.
        norm: those of the gradients' norm, where it was computed.
    """

    step: int
    loss: str
    norm: str | None = None


def read_fingerprints(path: Path, end: float = math.inf) -> Iterator[StepFingerprint]:
    """Yield the steps of a stream of fingerprints, in its order, without a torn last line.

    Args:
        path: the stream.
        end: the last step that is wanted; rows beyond it are not read.

    Raises:
        RunError: a row makes no sense.
    """
    return _read(path, steps_of, end)


def read_digests(path: Path, end: float = math.inf) -> Iterator[tuple[int, str]]:
    """Yield the digests of all weights, each with its step, which need not be one of its row's.

    Args:
        path: the stream.
        end: the last step that is wanted; rows beyond it are not read.

    Raises:
        RunError: a row makes no sense.
    """
    return _read(path, digests_of, end)


def _read(path: Path, parts: Callable[[Row], Iterable[Part]], end: float) -> Iterator[Part]:
    for number, row in scan(path):
        try:
            if row["step"] > end + 1:  # the row after a step's may hold the digest of the step
                return
            yield from parts(row)
        except (RunError, KeyError, TypeError, AttributeError) as error:
            what = error.what if isinstance(error, RunError) else "it is not a row of fingerprints"
            raise RunError(f"line {number}: {what}", where=str(path)) from error


def steps_of(row: Row) -> list[StepFingerprint]:
    """Return the steps of one row.

    Raises:
        RunError: the digits are not a whole number of numbers, or not as many losses as norms.
    """
    if not is_count(first := row["step"]):
        raise RunError(f"{first!r} is not a step")
    losses = split_bits(row["loss"])
    norms: Sequence[str | None] = (
        split_bits(row["norm"]) if row.get("norm") else [None] * len(losses)
    )
    if len(norms) != len(losses):
        raise RunError(f"{len(losses)} losses and {len(norms)} norms")
    pairs = zip(losses, norms, strict=True)
    return [StepFingerprint(step, loss, norm) for step, (loss, norm) in enumerate(pairs, first)]


def digests_of(row: Row) -> list[tuple[int, str]]:
    """Return the digests of one row, each with its step.

    Raises:
        RunError: a digest is not of a step.
    """
    digests = row.get("weights") or {}
    try:
        return sorted((int(step), digest) for step, digest in digests.items())
    except ValueError as error:
        raise RunError("a digest of weights is not of a step") from error


def split_bits(text: str) -> list[str]:
    """Return each number of a text like "float32:3f8000003f0ccccd" as a text of its own.

    Raises:
        RunError: the type is unknown, or the digits are not a whole number of numbers.
    """
    kind, _, digits = text.partition(":")
    width = _DIGITS.get(kind)
    if width is None:
        raise RunError(f"{kind!r} is not a type of numbers")
    if len(digits) % width:
        raise RunError(f"{len(digits)} digits are not a whole number of {kind} numbers")
    return [f"{kind}:{digits[i : i + width]}" for i in range(0, len(digits), width)]


def last_fingerprinted_step(paths: RunPaths, end: float = math.inf) -> int:
    """Return the last step whose bits are recorded, 0 where none is.

    Args:
        paths: the run.
        end: a step after which no others are looked for; the one returned may lie beyond it.

    Raises:
        RunError: the stream is broken.
    """
    last = 0
    for fingerprint in read_fingerprints(paths.fingerprints, end):
        last = fingerprint.step
    return last
