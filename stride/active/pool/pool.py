"""The pool of unlabelled samples, and a model's outputs over it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from stride.active.pool.candidates import Candidates
from stride.active.pool.features import capture_features
from stride.active.pool.inference_modes import evaluation_mode, network_of, torch_seeded
from stride.active.pool.outputs import (
    as_tensor,
    blocks,
    class_probabilities,
    concat_rows,
    require_one_per_sample,
    stack_members,
)
from stride.data.seeding import generator, mix
from stride.engine.precision import Precision
from stride.errors import DataError
from stride.models.model import Model
from stride.models.steps.batch import split_batch

QUERY = 8  # which of the random streams of a seed

Network = Model | nn.Module


class Pool:
    """The unlabelled samples that a strategy may query, and the labelled ones.

    What is asked of a model streams over the samples in batches, in the order of `ids`, without
    gradients, in evaluation mode and with the precision of an evaluation. At every batch that is
    given out the model's modes and torch's random state are as they were before.

    Args:
        read: gives the batches, on the device, of samples by their ids, as a `Reader` does.
        ids: the samples of the pool by their number in the dataset.
        labelled: the labelled samples, likewise.
        count: how many to ask for.
        seed: the seed of the run.
        round_number: which query this is; random numbers depend on it and the seed.
        precision: the arithmetic of forward passes; None: that of the model.
        feature_layer: the layer that features come from; None: the penultimate one.
        committee: the models that are asked together, where there are several.
        temperatures: what the outputs of a network are divided by, as `fit_temperature` gives it;
            those of a network that is not there are left as they are.

    Attributes:
        ids: as given, one-dimensional.
        labelled: as given.
        count: as given; no more than there are samples in the pool.
        generator: for whatever a strategy draws; the same numbers in the same round.
        seed: of the round: to seed what takes no generator.
        committee: as given.
    """

    def __init__(
        self,
        read: Callable[[Tensor], Iterable[Any]],
        ids: Tensor | Sequence[int],
        labelled: Tensor | Sequence[int] = (),
        *,
        count: int,
        seed: int = 0,
        round_number: int = 0,
        precision: Precision | None = None,
        feature_layer: str | None = None,
        committee: Sequence[Network] = (),
        temperatures: Mapping[nn.Module, float] | None = None,
    ) -> None:
        self.ids = torch.as_tensor(ids, dtype=torch.int64)
        self.labelled = torch.as_tensor(labelled, dtype=torch.int64)
        self.count = min(count, len(self.ids))
        self.seed = mix(seed, QUERY, round_number)
        self.generator = generator(self.seed)
        self.committee = tuple(committee)
        self._read = read
        plain: Callable[[], AbstractContextManager[Any]] = nullcontext
        self._autocast = plain if precision is None else precision.autocast
        self._layer = feature_layer
        self._temperatures = dict(temperatures or {})

    def __len__(self) -> int:
        return len(self.ids)

    def outputs(self, model: Network) -> Iterator[Tensor]:
        """Yield the network's outputs, batch by batch."""
        return self._outputs(model, self.ids)

    def labelled_outputs(self, model: Network) -> Iterator[Tensor]:
        """Yield the network's outputs for the labelled samples."""
        return self._outputs(model, self.labelled)

    def outputs_and_features(self, model: Network) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the network's outputs and the features (n, d) of each batch.

        Those of candidates are the features of the one that answers; of all of them, where all
        answer, side by side.
        """
        network = network_of(model)
        found = self._outputs_and_features(network, self.ids)
        return ((self._scaled(network, some), features) for some, features in found)

    def dropout_outputs(self, model: Network, num_passes: int) -> Iterator[Tensor]:
        """Yield the outputs of several passes with dropout: (passes, n, ...) of each batch."""
        network = network_of(model)
        for number, inputs in self._inputs(self.ids):
            with evaluation_mode(network, dropout=True), self._quietly(number, network):
                made = [self._scaled(network, network(inputs)) for _ in range(num_passes)]
            yield stack_members(made)

    def committee_outputs(self) -> Iterator[Tensor]:
        """Yield the outputs of the committee: (models, n, ...) of each batch."""
        networks = [network_of(model) for model in self.committee]
        for number, inputs in self._inputs(self.ids):
            made = [self._call(one, number, inputs) for one in networks]
            yield stack_members([self._scaled(*pair) for pair in zip(networks, made, strict=True)])

    def score(self, model: Network, function: Callable[[Tensor], Tensor]) -> Tensor:
        """Return a number for each sample: the function of the network's outputs.

        Args:
            model: whose outputs the function is given, several batches of them together.
            function: gives a number per output; the mean of a sample's is its score.
        """
        return self.gather(function(some) for some in blocks(self.outputs(model)))

    def gather(self, scores: Iterable[Tensor]) -> Tensor:
        """Return the scores of the batches end to end, in float64 and on the CPU.

        Raises:
            DataError: they are not one per sample.
        """
        parts = [_per_sample(part.detach().double()) for part in scores]
        whole = torch.cat(parts).cpu() if parts else torch.zeros(0, dtype=torch.float64)
        if len(whole) != len(self):
            raise DataError(f"{len(whole)} scores were given for {len(self)} samples of the pool")
        return whole

    def collect(self, batches: Iterable[tuple[Tensor, ...]]) -> list[Tensor]:
        """Return what the batches have of each sample, end to end: tensors of len(pool) rows."""
        return concat_rows(batches, len(self))

    def predictions(self, model: Network) -> Tensor:
        """Return the class that the model predicts for each sample.

        Raises:
            ConfigError: it predicts no class, or several for a sample.
        """
        classes = class_probabilities(model)
        found = [
            require_one_per_sample(classes(some), "class_weights").argmax(-1)
            for some in blocks(self.outputs(model))
        ]
        return torch.cat(found).cpu() if found else torch.zeros(0, dtype=torch.int64)

    def features(self, model: Network) -> Tensor:
        """Return the features of the whole pool as (n, d) on the device."""
        return self._features(model, self.ids)

    def labelled_features(self, model: Network) -> Tensor:
        """Return the features of the labelled samples as (n, d) on the device."""
        return self._features(model, self.labelled)

    def labelled_targets(self) -> Tensor:
        """Return the targets of the labelled samples, as they come in batches."""
        return torch.cat([split_batch(batch)[1] for batch in self._read(self.labelled)])

    def _outputs(self, model: Network, ids: Tensor) -> Iterator[Tensor]:
        network = network_of(model)
        for number, inputs in self._inputs(ids):
            yield self._scaled(network, self._call(network, number, inputs))

    def _outputs_and_features(
        self, network: nn.Module, ids: Tensor
    ) -> Iterator[tuple[Any, Tensor]]:
        parts = network.active_networks if isinstance(network, Candidates) else [network]
        for number, inputs in self._inputs(ids):
            with ExitStack() as hooks:
                seen = [hooks.enter_context(capture_features(one, self._layer)) for one in parts]
                outputs = self._call(network, number, inputs)
            taken = [captured.take() for captured in seen]
            yield outputs, taken[0] if len(taken) == 1 else torch.cat(taken, 1)

    def _features(self, model: Network, ids: Tensor) -> Tensor:
        found = ((features,) for _, features in self._outputs_and_features(network_of(model), ids))
        return concat_rows(found, len(ids))[0]

    def _scaled(self, network: nn.Module, outputs: Any) -> Tensor:
        found, temperature = as_tensor(outputs), self._temperatures.get(network, 1.0)
        return found if temperature == 1 else found / temperature

    def _inputs(self, ids: Tensor) -> Iterator[tuple[int, Any]]:
        return enumerate(split_batch(batch)[0] for batch in self._read(ids))

    def _call(self, network: nn.Module, number: int, inputs: Any) -> Any:
        with evaluation_mode(network), self._quietly(number, network):
            return network(inputs)

    @contextmanager
    def _quietly(self, number: int, network: nn.Module) -> Iterator[None]:
        device = next((p.device for p in network.parameters()), torch.device("cpu"))
        with torch.no_grad(), self._autocast(), torch_seeded(mix(number, start=self.seed), device):
            yield


def _per_sample(scores: Tensor) -> Tensor:
    return scores if scores.ndim == 1 else scores.reshape(len(scores), -1).mean(1)
