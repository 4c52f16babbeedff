"""Several networks as one, of which one is active, or all as a committee."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from stride.active.pool.candidate_config import resolve_candidates
from stride.active.pool.means import MEANS, mean_for
from stride.active.pool.outputs import as_tensor
from stride.errors import ConfigError
from stride.models.build import build_network
from stride.models.composed import ComposedNetwork
from stride.models.infer import Shapes
from stride.models.initial import load_initial
from stride.models.model import Model
from stride.models.steps.batch import split_batch
from stride.models.steps.step import Step
from stride.models.weights import Loaded

KEY = "model_kwargs.candidates"


class Candidates(ComposedNetwork):
    """Networks for the same task, saved together.

    One of them answers, the one that `choose` has chosen; the others get no gradients, so that an
    optimiser leaves them as they are. Or all answer together: each is trained by its own loss
    (see `Committee`), and the answer is their mean: for classes logits of the members' mean
    probabilities, for numbers the mean itself.

    Which one is chosen, and how a mean is taken, are buffers: a state_dict brings them back.

    Attributes:
        networks: the networks.
        together: whether all are trained and answer.
        chosen: which one answers, where not all do.
        averaged: how the mean is taken: the place in `MEANS`, by the criterion.
    """

    chosen: Tensor
    averaged: Tensor
    _answer: int
    _mean: int

    def __init__(
        self, candidates: Sequence[nn.Module | dict[str, Any]], together: bool = False
    ) -> None:
        """Take networks, or build them.

        Args:
            candidates: modules, or resolved model sections.
            together: whether all are trained and answer.

        Raises:
            ConfigError: there is none, one is there twice, or one is not a plain module.
        """
        super().__init__()
        modules = [_module(one, f"{KEY}[{n}]") for n, one in enumerate(candidates)]
        if not modules or len(set(modules)) < len(modules):
            what = "has a network twice" if modules else "has no network"
            raise ConfigError(f"{KEY} {what}", key=KEY, where=KEY)
        self.networks = nn.ModuleList(modules)
        self.together = together
        self.register_buffer("chosen", torch.tensor(0))
        self.register_buffer("averaged", torch.tensor(0))
        self.register_load_state_dict_post_hook(_read_buffers)  # type: ignore[no-untyped-call]
        _read_buffers(self)

    @property
    def members(self) -> list[nn.Module]:
        """Return all networks."""
        return list(self.networks)

    @property
    def active_network(self) -> nn.Module:
        """Return the network that gives the outputs: the chosen one, or self for a committee."""
        return self if self.together else self.networks[self._answer]

    @property
    def active_networks(self) -> list[nn.Module]:
        """Return the networks that contribute to the outputs."""
        return self.members if self.together else [self.active_network]

    def choose(self, index: int) -> None:
        """Make another network the active one, which is trained.

        Raises:
            IndexError: there is none of this number.
        """
        if not 0 <= index < len(self.networks):
            raise IndexError(f"there is no candidate {index} among {len(self.networks)}")
        self.chosen.fill_(index)
        _read_buffers(self)

    def forward(self, inputs: Any, *, each: bool = False) -> Any:
        """Return the answer; with `each` the outputs of all networks, in a list."""
        if not self.together and not each:
            return self.networks[self._answer](inputs)
        outputs = [network(inputs) for network in self.networks]
        return outputs if each else self.mean_outputs(outputs)

    def mean_outputs(self, outputs: Sequence[Tensor]) -> Tensor:
        """Return the mean of the networks' outputs."""
        return MEANS[self._mean](outputs)

    def with_criterion(self, criterion: nn.Module) -> Model:
        """Return a Committee where all answer, else a plain Model."""
        self.averaged.fill_(mean_for(criterion))
        _read_buffers(self)
        return Committee(self, criterion) if self.together else Model(self, criterion)

    def load_parts(self, sources: Sequence[str | None]) -> list[Loaded]:
        """Load the start weights of those networks that have any.

        Raises:
            ConfigError: there are more or fewer sources than networks.
            UserError: one has no weights, or none that fit.
        """
        if len(sources) != len(self.networks):
            what = f"lists {len(sources)} places, and there are {len(self.networks)} candidates"
            where = "model_kwargs.init_from"
            raise ConfigError(f"{where} {what}", key=where, where=where)
        pairs = zip(self.networks, sources, strict=True)
        return [one for net, source in pairs if source for one in load_initial(net, source)]

    @classmethod
    def resolve(
        cls, section: Mapping[str, Any], info: Shapes | None, *, seed: int, name: str
    ) -> dict[str, Any]:
        """Return the section with that of each candidate complete; see `resolve_candidates`."""
        return resolve_candidates(cls, section, info, seed=seed, name=name)


class Committee(Model):
    """The Model of a committee, whose `forward(inputs, each=True)` lists all outputs.

    The loss of a training step reads as the mean of the members' losses, and its gradients are
    those of their sum: so each member is trained as it would be alone, to the bit where it draws
    no random numbers. What looks at all gradients at once, as `clip_grad_norm`, sees those of all
    members together, and a criterion with parameters of its own is moved by all of them. Metrics,
    evaluation and `predict` see the members' mean, whose loss is another than the mean loss.
    """

    network: Candidates

    def training_step(self, batch: Any) -> Step:
        """Return the members' losses as one, and the mean of their outputs."""
        inputs, targets = split_batch(batch)
        members = self.forward(inputs, each=True)
        fitted = [targets if self._align is None else self._align(one, targets) for one in members]
        judged = [
            self.make_step(one, aim, inputs) for one, aim in zip(members, fitted, strict=True)
        ]
        total = torch.stack([step.loss for step in judged]).sum()
        held = total.detach()
        outputs = self.network.mean_outputs([as_tensor(one).detach() for one in members])
        return judged[0]._replace(loss=total + (held / len(judged) - held), outputs=outputs)

    def evaluation_step(self, batch: Any) -> Step | Tensor:
        """Return the criterion's loss of the mean, which is what answers."""
        return super().training_step(batch)


def _module(one: nn.Module | Mapping[str, Any], key: str) -> nn.Module:
    module = build_network(one) if isinstance(one, Mapping) else one
    own_steps = isinstance(module, ComposedNetwork) or callable(
        getattr(module, "training_step", None)
    )
    if isinstance(module, nn.Module) and not own_steps:
        return module
    raise ConfigError(
        f"{key} is a {type(module).__name__}, not a plain module",
        key=KEY,
        where=KEY,
        hint="give torch modules, which the criterion of the config trains",
    )


def _read_buffers(candidates: Candidates, *_: Any) -> None:
    """Cache the buffers as numbers: reading them each time would wait for the device."""
    candidates._answer = int(candidates.chosen)
    candidates._mean = int(candidates.averaged)
