"""Begin a round of active learning with another optimiser, schedule and weights, by option."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from stride.active.pool.candidates import Candidates
from stride.callbacks.average import WeightAverage
from stride.callbacks.best_weights import BestWeights
from stride.callbacks.early_stopping import EarlyStopping
from stride.config.sections.active import ActiveConfig
from stride.data.seeding import generator
from stride.engine.optim.schedule import LENGTHS, Schedule, build_schedule
from stride.engine.optim.state import OptimizerState
from stride.models.model import Model
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.construction.session import build_optimizers_of
from stride.trainer.fit.open_sections import values_of
from stride.trainer.fit.session import Session

NOISE = 10  # which of the random streams of a seed


class RoundReset:
    """What is the same at the beginning of every round.

    Args:
        training: as it was built, before anything is trained or restored.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lengths = session.assembly.lengths
        anew = (BestWeights, EarlyStopping, WeightAverage)
        parts = [one for one in session.callbacks.in_order if isinstance(one, anew)]
        parts += [session.assembly.precision]  # type: ignore[list-item]
        self._fresh: list[tuple[Any, Any]] = [(p, copy.deepcopy(p.state_dict())) for p in parts]
        self._number = 0
        self.weights: Mapping[str, Any] = {}

    def apply(self, number: int, epoch: int, step: int) -> None:
        """Let the training be that of a round which began after so many epochs and steps."""
        self._session.count_limits_from(epoch, step)
        if number != self._number:  # the loop holds what it has of this round
            self._number = number
            self._renew_optimizer()

    def _renew_optimizer(self) -> None:
        training, active = self._session, self._session.assembly.config.active_config
        before, parts = training.optimizers.only, training.state.parts
        training.optimizers = build_optimizers_of(training.assembly)
        optimizer = training.optimizers.only
        metric = training.callbacks.monitor.metric
        training.schedule = schedule = build_schedule(
            self._schedule_section(), optimizer, metric=metric
        )
        if active.optimizer == "keep":
            _take_moments(optimizer, before)
        if active.schedule == "keep":
            _take_schedule(optimizer, schedule, before, parts["schedule"].state_dict())
        parts["optimizer"] = OptimizerState(optimizer)
        parts["schedule"] = schedule

    def _schedule_section(self) -> dict[str, Any]:
        """Return the schedule's section, as long as the round where it was as long as the first."""
        assembly: Assembly = self._session.assembly
        section = values_of(assembly.config.scheduler_kwargs)
        by_step = section.get("interval") == "step"
        first, now = (pair[by_step] for pair in (self._lengths, self._now()))
        for key in LENGTHS:
            if key in section and section[key] == first and now is not None:
                section[key] = now
        return section

    def _now(self) -> tuple[int | None, int | None]:
        return self._session.assembly.lengths

    def begin(self, seed: int, number: int) -> None:
        """Give the model the weights of a round's beginning, and forget what was best before."""
        active, model = self._session.assembly.config.active_config, self._session.assembly.model
        if active.weights == "reset":
            model.load_state_dict(self.weights)
        elif active.weights == "shrink_perturb":
            shrink_and_perturb(model, active, generator(seed, NOISE, number))
        for part, state in self._fresh:
            part.load_state_dict(copy.deepcopy(state))
        for request in (self._session.stop, self._session.consensus.local_request):
            request.load_state_dict({"reason": "", "status": "done"})


@torch.no_grad()
def shrink_and_perturb(model: Model, active: ActiveConfig, drawn: torch.Generator) -> None:
    """Move the weights towards 0 and add noise, so that what is new can still be learnt.

    Ash and Adams, On Warm-Starting Neural Network Training, 2020 (arXiv 1910.08475).
    """
    for parameter in _trained(model.network):
        noise = torch.randn(parameter.shape, generator=drawn, dtype=torch.float32)
        noise = noise.to(parameter.device, parameter.dtype)
        parameter.mul_(active.shrink).add_(noise, alpha=active.perturb)


def _trained(network: nn.Module) -> list[Tensor]:
    """Return what the round before has trained; candidates that were not chosen stay."""
    answering = network.active_network if isinstance(network, Candidates) else network
    return [p for p in answering.parameters() if p.requires_grad and p.is_floating_point()]


def _take_moments(optimizer: Optimizer, before: Optimizer) -> None:
    groups = optimizer.state_dict()["param_groups"]
    OptimizerState(optimizer).load_state_dict(
        {"state": before.state_dict()["state"], "param_groups": groups}
    )


def _take_schedule(
    optimizer: Optimizer, schedule: Schedule, before: Optimizer, last: Mapping[str, Any]
) -> None:
    schedule.load_state_dict(dict(last))
    for group, old in zip(optimizer.param_groups, before.param_groups, strict=True):
        group.update({key: value for key, value in old.items() if key != "params"})
