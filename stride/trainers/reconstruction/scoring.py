"""Score the samples of a split in batches, without gradients."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from stride.engine.evaluate import evaluation_mode
from stride.engine.precision import Precision
from stride.errors import DataError
from stride.models.gradient_mode import evaluating
from stride.models.model import Model
from stride.trainers.reconstruction.errors import Errors, of_points

SEAM = "anomaly_scores"
"""The method of a network that scores by itself: inputs (N, channels, L) -> (N, L) or (N,)."""


@dataclass(frozen=True)
class Scores:
    """What samples score; all on the CPU, in single precision.

    Attributes:
        errors: of each sample (N,), by name; what its network scores it is one of them.
        samples: (N,) what a sample is ranked by; larger is more anomalous.
        points: (N, L) the same of its points; (N, 0) where they were not asked for.
    """

    errors: dict[str, Tensor]
    samples: Tensor
    points: Tensor

    @classmethod
    def joined(cls, parts: Iterable["Scores"]) -> "Scores":
        """Return the scores of batches as those of a split."""
        parts = list(parts)
        errors = {name: torch.cat([one.errors[name] for one in parts]) for name in parts[0].errors}
        samples = torch.cat([one.samples for one in parts])
        return cls(errors, samples, torch.cat([one.points for one in parts]))


class Scorer:
    """Score samples by the errors of their reconstruction, or as their network says.

    Args:
        model: network and criterion.
        precision: the arithmetic of evaluations.
        errors: of samples; the first is the score.
        point_score: what a point scores, its own error (`point`) or its sample's (`window`,
            `center`).
    """

    def __init__(
        self, model: Model, precision: Precision, errors: Errors, point_score: str = "point"
    ) -> None:
        self._model, self._precision = model, precision
        self._errors, self._whole = errors, point_score != "point"

    @property
    def score(self) -> str:
        """Return the name of what samples are ranked by."""
        return SEAM if self._own else self._errors.names[0]

    @property
    def _own(self) -> bool:
        return callable(getattr(self._model.network, SEAM, None))

    def of(self, inputs: Iterable[Tensor], *, points: bool) -> Scores:
        """Return the scores of all samples.

        Args:
            inputs: batches.
            points: whether points are scored.

        Raises:
            DataError: what a network or a function gives is of another shape than it has to be.
        """
        with evaluation_mode(self._model), evaluating(self._model), self._precision.autocast():
            return Scores.joined(self._of_batch(part, points) for part in self._parts(inputs))

    def _parts(self, inputs: Iterable[Tensor]) -> Iterable[Tensor]:
        """Return batches; all samples as one where each is scored beside the others."""
        whole = getattr(self._model.network, "scores_whole_splits", False)
        return [torch.cat([*inputs])] if whole else inputs

    def outputs(self, inputs: Iterable[Tensor]) -> Tensor:
        """Return the reconstructions of all samples, on the CPU."""
        with evaluation_mode(self._model), evaluating(self._model), self._precision.autocast():
            return torch.cat([self._output(batch).cpu() for batch in inputs])

    def _output(self, inputs: Tensor) -> Tensor:
        outputs = self._model.predict(inputs)
        if not isinstance(outputs, Tensor) or outputs.shape != inputs.shape:
            given = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
            raise DataError(
                f"the network gives {given} for inputs {tuple(inputs.shape)}: it has to give back "
                "what it is given",
                where="model_kwargs",
                hint="type: model_kwargs.model_name=FeedForwardAE",
            )
        return outputs.to(inputs.dtype)

    def _of_batch(self, inputs: Tensor, points: bool) -> Scores:
        outputs = self._output(inputs)
        errors = {name: one.cpu() for name, one in self._errors.of(outputs, inputs).items()}
        own = self._own_scores(inputs) if self._own else None
        if own is not None:
            errors[SEAM] = own.mean(1)
        samples = errors[self.score]
        if not points:
            return Scores(errors, samples, samples.new_empty(len(samples), 0))
        if own is None and not self._whole:
            return Scores(errors, samples, of_points(outputs, inputs).cpu())
        each = samples[:, None] if own is None or self._whole else own
        return Scores(errors, samples, each.expand(-1, inputs.shape[-1]))

    def _own_scores(self, inputs: Tensor) -> Tensor:
        """Return what the network says of each point (N, L), or of each sample (N, 1)."""
        found = getattr(self._model.network, SEAM)(inputs)
        shape = tuple(found.shape) if isinstance(found, Tensor) else ()
        if shape == (len(inputs),):
            return _plain(found)[:, None]
        if shape != (len(inputs), inputs.shape[-1]):
            given = shape or type(found).__name__
            raise DataError(
                f"{SEAM} gives {given} for inputs {tuple(inputs.shape)}",
                where=f"{type(self._model.network).__name__}.{SEAM}",
                hint="return one score a point, (N, L), or one a sample, (N,)",
            )
        return _plain(found)


def _plain(scores: Tensor) -> Tensor:
    return scores.to("cpu", torch.float32)
