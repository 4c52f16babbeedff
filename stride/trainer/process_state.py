"""Train as a guest in the user's process: one training at a time, and leave it as it was found."""

import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch

from stride.engine.random import seed_everything, untouched
from stride.errors import RunError

_LOOK_SECONDS = 0.05  # between two looks at what another thread does
_CUDNN = ("benchmark", "deterministic", "enabled")

_trains: list[str] = []  # what trains in this process now
_turn = threading.RLock()  # held by who draws from the generators of the process


@contextmanager
def training(what: str) -> Iterator[None]:
    """Let one training at a time have the process's global state, and give that back after.

    Gradients are computed in it, also where it is called under `torch.no_grad`.

    Args:
        what: is done, for the refusal of a second one.

    Raises:
        RunError: another training is under way here, or this process is about to be a worker.
    """
    with _own_turn():
        if _trains:
            raise _refusal()
        _trains.append(what)
        try:
            with untouched(), _settings_kept(), torch.inference_mode(False), torch.enable_grad():
                yield
        finally:
            _trains.clear()


@contextmanager
def drawing(seed: int | None = None) -> Iterator[None]:
    """Give the global generators back after building or evaluating; a training's own hook may.

    Args:
        seed: what they begin from in the block, None for what they are.

    Raises:
        RunError: a training is under way in another thread, whose draws these would be.
    """
    with _own_turn(), untouched():
        if seed is not None:
            seed_everything(seed)
        yield


@contextmanager
def _own_turn() -> Iterator[None]:
    _require_program()
    while not _turn.acquire(timeout=_LOOK_SECONDS):
        if _trains:
            raise _refusal()
    try:
        yield
    finally:
        _turn.release()


def _refusal() -> RunError:
    return RunError(
        f"{_trains[0]} is under way in this process, whose random generators are its own",
        hint="wait for its end, or train in another process",
    )


def _require_program() -> None:
    """Refuse to train where a new process only imports the script that started it."""
    # Python's own mark, by which it refuses to start processes there.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RunError(
            "this process is to be a worker, and trains while it imports the script",
            where=sys.argv[0],
            hint='put what trains below: if __name__ == "__main__":',
        )


def _begin_anew() -> None:
    """Let a forked process train, which has none of its parent's threads."""
    global _turn
    _turn = threading.RLock()
    _trains.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


@contextmanager
def _settings_kept() -> Iterator[None]:
    """Give back what is set for the whole process: by libraries at their import, or by hooks."""
    before = [read() for read, _ in _SETTINGS]
    try:
        yield
    finally:
        for value, (read, write) in zip(before, _SETTINGS, strict=True):
            if read() != value:
                write(value)


def _set_deterministic(value: tuple[bool, bool]) -> None:
    enabled, warn_only = value
    torch.use_deterministic_algorithms(enabled, warn_only=warn_only)


def _set_cudnn(values: list[bool]) -> None:
    for name, value in zip(_CUDNN, values, strict=True):
        setattr(torch.backends.cudnn, name, value)


def _set_filters(filters: list[Any]) -> None:
    cast(list[Any], warnings.filters)[:] = filters
    with warnings.catch_warnings():
        pass  # whose end has Python forget what it showed under other filters


def _set_environment(variables: dict[str, str]) -> None:
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)


_SETTINGS: list[tuple[Callable[[], Any], Callable[[Any], object]]] = [
    (
        lambda: (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        _set_deterministic,
    ),
    (lambda: [getattr(torch.backends.cudnn, name) for name in _CUDNN], _set_cudnn),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_num_threads, torch.set_num_threads),
    (lambda: list(warnings.filters), _set_filters),
    (lambda: dict(os.environ), _set_environment),
]
"""How each is read and set; the filters and variables last, since setting may import."""

_COMPUTING = _SETTINGS[:-2]


def computing_settings() -> list[Any]:
    """Return what torch computes with: threads, types, precision, which algorithms."""
    return [read() for read, _ in _COMPUTING]


def compute_with(settings: Sequence[Any]) -> None:
    """Let torch compute with settings that `computing_settings` gave."""
    for value, (read, write) in zip(settings, _COMPUTING, strict=True):
        if read() != value:
            write(value)
