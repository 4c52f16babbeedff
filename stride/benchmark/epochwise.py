"""Train a reconstruction by hand, one epoch after the other, in memory: without a run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, final

import torch
from torch import Tensor, nn

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.engine.hooks import Hooks
from stride.engine.random import RandomState, determinism, rank_seed, seed_everything
from stride.trainer.flow import opened
from stride.trainer.process_state import drawing
from stride.trainer.trainer import Trainer
from stride.trainers.reconstruction.history import History


class NoRun:
    """Take the place of the run of a training that has none: nothing is written."""

    def write_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Write nothing."""


def _nothing(*_: Any) -> None:
    """Take the place of what only a run has a use for."""


@final
class EpochwiseTraining:
    """Train the reconstruction that a trainer's config says, each epoch when it is asked for.

    Loop, batches, draws and history are those of `fit`: as many epochs give the same bits. No run
    is claimed, and between two epochs the process has its own generators.

    Args:
        trainer: trains nothing else.

    Raises:
        UserError: a wrong key, value, name or shape.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._deterministic = trainer.config.training_config.deterministic
        self._random: dict[str, Any] = RandomState().state_dict()
        with self._turn():
            session, _ = opened(trainer, trainer.builder.resolved)
            seed_everything(rank_seed(session.assembly.config.seed))
        trainer.run = NoRun()
        self._session, self._history = session, History(session)
        called = [_Choosing(self._history), session.callbacks.best]
        session.hooks = Hooks(trainer, called, Callback)
        self._loop = replace(
            session.loop(),
            record=session.metrics.update,
            restore_state=_nothing,
            maybe_checkpoint=_nothing,
            checkpoint=_nothing,
        )

    @property
    def network(self) -> nn.Module:
        """Return what is trained."""
        return self._session.assembly.model.network

    def epoch(self) -> None:
        """Train one epoch more, or the rest of one that was broken off."""
        session = self._session
        whole = session.assembly.limits
        self._loop.limits = replace(whole, max_epochs=session.state.epoch + 1, max_steps=None)
        with self._turn(), self._ended_once():
            self._loop.run()

    def finish(self) -> None:
        """Put the weights into the network that the history has chosen."""
        self._session.callbacks.best.restore(self._session.assembly.model)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the training, its random state among it."""
        with self._turn():
            known = {name: one.state_dict() for name, one in self._history.of_best.items()}
            return {**self._session.state.state_dict(), "history": known}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state that `state_dict` gave."""
        with self._turn():
            self._session.state.load_state_dict(state)
            for name, one in self._history.of_best.items():
                one.load_state_dict(state["history"][name])

    @contextmanager
    def _ended_once(self) -> Iterator[None]:
        """Let an epoch that is broken off in its validation be at its end, not over."""
        state = self._session.state
        epoch, drawn = state.epoch, state.drawn
        try:
            yield
        except BaseException:
            if state.epoch > epoch:
                state.position, state.epoch, state.drawn = state.drawn - drawn, epoch, drawn
            raise

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let the training have the process's generators in the block."""
        with (
            drawing(),  # also in a hook of another training, whose draws stay its own
            determinism(self._deterministic),
            torch.inference_mode(False),
            torch.enable_grad(),
        ):
            RandomState().load_state_dict(self._random)
            try:
                yield
            finally:
                self._random = RandomState().state_dict()


class _Choosing:
    """Hook in the history: let it choose the weights to go on with after each evaluation."""

    def __init__(self, history: History) -> None:
        self._history = history

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Choose, where an epoch is over."""
        self._history.note(metrics)
        if trainer.state.position == 0:
            self._history.go_on(metrics)
