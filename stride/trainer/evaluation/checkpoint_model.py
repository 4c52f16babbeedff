"""Put the weights of one checkpoint of a run after the other into its model, and evaluate them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stride.callbacks.average import PresentWeights, WeightAverage
from stride.callbacks.monitor import UNMONITORED, Monitor
from stride.components.trust import Trust
from stride.config import Overrides
from stride.config.metrics import as_number, split_name
from stride.distributed import world_size
from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.modules import ModuleState, WeightsState
from stride.engine.hooks import VALIDATION
from stride.engine.random import OWN, evaluation_stream
from stride.errors import ComponentError, DataError, UserError
from stride.models.weights import weights_bytes
from stride.runs.layout import CheckpointPaths
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.callback_set import part_of
from stride.trainer.fit.monitors import saving_monitor
from stride.trainer.fit.run_start import typed_overrides
from stride.trainer.process_group import OWN as OF_HOST
from stride.trainer.process_state import drawing
from stride.trainer.starts.loaded import LoadedRun
from stride.trainer.starts.rebuild import rebuild_empty, recorded
from stride.trainer.trust import require_trust

_AVERAGE = part_of(WeightAverage)
_PARTS = ("model", "modules", _AVERAGE)


@dataclass(frozen=True)
class Request:
    """Say what each checkpoint is evaluated to.

    Attributes:
        splits: train, validation, test or further ones; none: those of the training's evaluations.
        metrics: by name, None for those of the run's config.
        overrides: changes to the run's config, as another device.
        trust_code: whether you vouch for the import paths in the run's config.
    """

    splits: tuple[str, ...] = ()
    metrics: tuple[str, ...] | None = None
    overrides: Overrides = None
    trust_code: bool = False


class CheckpointModel:
    """Data and model of a run, built once, with the weights of one checkpoint at a time.

    Args:
        run: it need not have ended.
        request: what is evaluated.

    Attributes:
        splits: what is evaluated, by name.
        overrides: those that change what is measured, as typed, without secrets.

    Raises:
        UserError: data, model, a split or a metric is not there, nobody vouches for the config, or
            several processes are to do it.
    """

    def __init__(self, run: LoadedRun, request: Request) -> None:
        _require_alone()
        overrides, word = request.overrides, request.trust_code
        require_trust(Trust(), recorded(run, overrides), word=word)
        with drawing(run.config.seed):  # as in the training
            resolved, self._assembly = rebuild_empty(
                run, folder=run.folder, overrides=overrides, trust_code=word
            )
        self._metrics = request.metrics
        self._assembly.metrics(self._metrics)
        self._weights = _weights_of(self._assembly)
        self._stream = evaluation_stream(OWN, run.config.seed)
        self.splits = [*map(split_name, request.splits)] or _evaluated(self._assembly)
        for split in self.splits:
            _require_split(self._assembly, split)
        typed = typed_overrides(resolved)
        self.overrides = [text for text in typed if text.partition("=")[0] not in OF_HOST]

    @property
    def monitor(self) -> Monitor:
        """Return by which metric weights are the best, though the training validate nothing."""
        assembly = self._assembly
        if not assembly.kind.has_best:
            return UNMONITORED
        return saving_monitor(assembly.config.training_config, assembly.evaluates(VALIDATION))

    def take(self, checkpoint: CheckpointPaths) -> None:
        """Put the weights of a checkpoint into the model: those that the training would evaluate.

        Raises:
            RunError: it is not there any more, or damaged.
            ComponentError: its weights do not fit the model, which has changed since.
        """
        state, model = read_state(checkpoint.path, parts=_PARTS), self._assembly.model
        try:
            WeightsState(model).load_state_dict(state["model"])
        except RuntimeError as error:
            what = f"the weights do not fit {type(model.network).__name__}, which has changed since"
            raise ComponentError(what, where=str(checkpoint.path)) from error
        if "modules" in state:  # not in the oldest
            ModuleState(model).load_state_dict(state["modules"])
        if isinstance(self._weights, WeightAverage) and _AVERAGE in state:
            self._weights.load_state_dict(state[_AVERAGE])
        self._weights.put_into(model)

    def evaluate(self, step: int) -> dict[str, float]:
        """Return loss and metrics of all splits, drawing from what a training at that step does."""
        values: dict[str, Any] = {}
        for split in self.splits:
            with drawing(), self._stream(split, step):
                values |= self._assembly.evaluate(split, self._metrics)
        return {name: as_number(name, value) for name, value in values.items()}

    def weights(self) -> bytes:
        """Return the model's weights as a safetensors file, those of a criterion among them."""
        return weights_bytes(self._assembly.model.state_dict())

    def asked(self) -> Mapping[str, Any]:
        """Return what is asked of each checkpoint, as the rows of evaluations.jsonl have it."""
        metrics = None if self._metrics is None else list(self._metrics)
        return {"splits": self.splits, "metrics": metrics, "overrides": self.overrides}


def _require_alone() -> None:
    if world_size() > 1:
        what, hint = "checkpoints are evaluated in one process", "type it without a launcher"
        raise UserError(f"{what}, not in {world_size()}", hint=hint)


def _weights_of(assembly: Assembly) -> PresentWeights | WeightAverage:
    average = assembly.config.average_config
    return PresentWeights() if average.kind is None else WeightAverage(average)


def _evaluated(assembly: Assembly) -> list[str]:
    """Return the splits that a training evaluates, the validation split last."""
    if assembly.evaluates(VALIDATION):
        return [*assembly.extra, VALIDATION]
    raise DataError("the run has no validation split", hint="type: --split test")


def _require_split(assembly: Assembly, split: str) -> None:
    """Refuse a split that neither the data has nor the kind of training evaluates by itself."""
    if split not in assembly.kind.evaluates:
        assembly.loader(split)
