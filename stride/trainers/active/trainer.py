"""Active learning: rounds of the one loop, and between them queries for labels."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from stride.active.curves.curve import Curve, read_curve
from stride.active.pool.candidate_config import candidates_section
from stride.active.pool.candidates import Candidates
from stride.active.rounds import Rounds
from stride.active.start import start_ids
from stride.active.strategies.query import Query
from stride.active.transferability.model_selection import choose
from stride.callbacks.base import Callback
from stride.config import Resolved
from stride.config.metrics import infer_mode
from stride.config.nonfinite import encode_number
from stride.config.schema import ActiveConfig, Config
from stride.data import Data, Normalization
from stride.data.columns import ArrayDataset, rows
from stride.distributed import is_main, on_main
from stride.engine.loop import Loop
from stride.engine.probe import LastBatch
from stride.errors import DataError
from stride.models.initial import load_initial
from stride.models.model import Model, split_batch
from stride.models.weights import clone_state
from stride.runs.files.atomic import read_lines
from stride.runs.labels.labels_jsonl import missing_labels
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.open_sections import values_of
from stride.trainer.fit.start import Beginning
from stride.trainer.starts.resume import Resumed
from stride.trainer.trainer import Trainer
from stride.trainers.active.checks import (
    curve_metric,
    order_of,
    reader_of,
    require_fitting,
    smallest_of_rounds,
)
from stride.trainers.active.curve import draw_curve, write_curve
from stride.trainers.active.human_oracle import Person, hint, require_labels, unknown, wanted
from stride.trainers.active.querying import Asking
from stride.trainers.active.round_reset import Renewal

LABELLED, ROUND = "active/labelled", "active/round"


class ActiveTrainer(Trainer):
    """Train on few labelled samples, ask for labels that tell most, and train again.

    The pool is the training split: a sample's id is its number there. Validation and test split
    are never queried. Steps and epochs count on over the rounds, each of which trains as long as
    `training_config` says; early stopping and the best weights begin anew. What each round was
    trained on, measured and asked for is a row of rounds.jsonl.

    Args:
        work_dir: as of `Trainer`.
        model: a network or Model in place of the one that the config builds, or a list of them
            (or of what differs from `model_kwargs` in each): candidates, of which each round trains
            the one that `active_config.model_selection` names, or all as a committee.
        **arguments: as of `Trainer`; `active_config` says how to query.

    Raises:
        UserError: a wrong key or value.
    """

    def __init__(
        self,
        work_dir: Any = None,
        *,
        model: Model | nn.Module | Sequence[Any] | None = None,
        **arguments: Any,
    ) -> None:
        if isinstance(model, (list, tuple)) and all(isinstance(one, Mapping) for one in model):
            active = {**arguments.get("active_config", {}), "models": list(model)}
            model, arguments = None, {**arguments, "active_config": active}
        if not (isinstance(work_dir, dict) and "trainer" in work_dir):
            arguments.setdefault("trainer", "active")
        super().__init__(work_dir, **arguments)
        self._given.prepare = self._choose_start
        if isinstance(model, (list, tuple)):
            selection = self._resolved.config.active_config.model_selection
            model = Candidates(model, together=selection is None)
        if model is not None:
            self.set_model(model)

    @property
    def curve(self) -> Curve:
        """Return the learning curve of the last or current `fit`.

        Raises:
            DataError: no round has come to its end.
        """
        return read_curve(read_lines(self.run.paths.rounds), self._metric)

    # What is built before a run is claimed.

    def _comprehend(
        self, resolved: Resolved, normalization: Normalization | None = None
    ) -> Assembly:
        active = resolved.config.active_config
        if active.models:
            kwargs, together = (
                values_of(resolved.config.model_kwargs),
                active.model_selection is None,
            )
            section = candidates_section(kwargs, active.models, together)
            resolved = resolved.with_sections({"model_kwargs": section})
        return super()._comprehend(resolved, normalization)

    def _choose_start(self, config: Config, data: Data) -> None:
        """Let the training batches be those of the first labelled samples."""
        order = order_of(data)
        active, source = config.active_config, data.sources["train"]
        self._source, self._reader = source, reader_of(source, data, config)
        self._person = Person(source) if active.oracle == "person" else None
        length = len(self._reader)
        ids = start_ids(active.start, active.start_size, length, self._all_targets, config.seed)
        if self._person is None:
            whole = isinstance(source, ArrayDataset)  # else reading all would take too long
            self._require_known(torch.arange(length) if whole else ids)
        order.choose(ids)
        self._order, self._rounds = order, Rounds(ids)

    def _all_targets(self) -> Tensor:
        return self._targets(torch.arange(len(self._reader)))

    def _targets(self, ids: Tensor) -> Tensor:
        """Return what the dataset has; of arrays without a look at the inputs."""
        if isinstance(self._source, ArrayDataset) and len(self._source.tensors) > 1:
            return rows(self._source.tensors[1], ids)
        return torch.cat([split_batch(batch)[1] for batch in self._reader(ids)]).cpu()

    def _require_known(self, ids: Tensor) -> None:
        """Refuse samples whose labels the dataset does not know, and nobody is asked for."""
        count = int(unknown(self._targets(ids)).sum())
        if count:
            raise DataError(
                f"the dataset does not know the labels of {count} of {len(ids)} samples",
                where="dataset_kwargs.dataset_name",
                hint="type: active_config.oracle=person, and a person is asked for them",
            )

    def _prepare(self, assembly: Assembly, watch: Any, callbacks: Iterable[Callback] = ()) -> None:
        """Build the training, and what it does between two rounds."""
        super()._prepare(assembly, watch, callbacks)
        training = self._training
        require_fitting(assembly)
        self._asking = Asking(assembly, self._rounds, lambda: self._reader)
        self._renewal = Renewal(training)
        training.state.parts = {"rounds": self._rounds, **training.state.parts}
        training.goes_on = lambda: not self._asking.exhausted()
        self._rounds.changed = self._arrange

    def _probe(self, assembly: Assembly) -> dict[str, Any]:
        found = super()._probe(assembly)
        self._metric = curve_metric(assembly)  # of what the model's steps were seen to give
        return found

    def _example(self, assembly: Assembly) -> Any:
        """Return samples with labels: those of the pool may wait for theirs."""
        labelled = self._person is None or not assembly.validates
        return assembly.loader("train" if labelled else "validation").example()

    def _last_batch(self, assembly: Assembly) -> LastBatch | None:
        """Return the smallest batch of all rounds that are planned."""
        last, training = super()._last_batch(assembly), assembly.config.training_config
        if last is None or training.max_steps is not None:
            return last
        labels = (len(self._rounds.labelled), len(self._reader))
        return last._replace(**smallest_of_rounds(self._active, self._order, *labels))

    @property
    def _active(self) -> ActiveConfig:
        return self.config.active_config

    def _restore(self, beginning: Beginning) -> None:
        """Put the training where it begins, and keep the weights with which rounds begin."""
        network = self.model.network
        if isinstance(beginning, Resumed) and beginning.run.paths.initial_weights.is_file():
            load_initial(network, beginning.run.paths.initial_weights)
        start, self._arranged = clone_state(self.model.state_dict()), -1
        if isinstance(beginning, Resumed) and self._person is not None:
            require_labels(beginning.run.paths, self.data.info)
            self._paths = beginning.run.paths
            self._arrange()
        super()._restore(beginning)
        if not beginning.saved:
            self._asking.choose_model()
            start = clone_state(self.model.state_dict())
        self._renewal.weights = start

    def _arrange(self) -> None:
        """Let the training be that of the round that the state is in."""
        rounds = self._rounds
        if self._person is not None and rounds.number != self._arranged:
            source = self._person.label(self._training, self._paths, rounds.labelled)
            data = self._training.assembly.data
            self._reader, self._order = reader_of(source, data, self.config), order_of(data)
        self._arranged = rounds.number
        self._order.choose(rounds.labelled)
        self._renewal.place(rounds.number, rounds.epoch, rounds.step)
        self.optimizer = self._training.optimizer

    # The rounds.

    def _loops(self, beginning: Beginning) -> Iterator[Loop]:
        """Yield the loop of each round; what lies between two rounds is done in between."""
        self._began, self._paths = time.monotonic(), self.run.paths
        if not beginning.saved and self._awaits_start():
            return
        yield from super()._loops(beginning)
        while self._ends_round():
            self._began = time.monotonic()
            yield self._loop(beginning)
        if is_main() and self.run.paths.rounds.exists():
            draw_curve(self.run, self.curve, self._metric, self._active.strategy)

    def _ends_round(self) -> bool:
        """Measure the round and ask for labels; return whether a further one begins."""
        stop, rounds = self._training.stop, self._rounds
        if stop.signal or (stop and stop.status == "stopped"):
            return False
        trained = time.monotonic() - self._began
        metrics = self._measure()
        reason, query = self._enough(metrics), None
        if not reason:
            query = self._ask()
            reason = self._asking.too_sure(query)
        if reason:
            query, status = None, "done"
        elif reason := self._wanted():
            status = "waiting"
        self._note(metrics, query, trained)
        if reason or query is None:
            stop.load_state_dict({"reason": reason, "status": status})
            return False
        self._renewal.begin(self.config.seed, rounds.number + 1)
        rounds.advance(query.ids, self.state)
        self._asking.choose_model()
        return True

    def _awaits_start(self) -> bool:
        """Ask a person for the first labels, where the dataset does not know them."""
        person, rounds = self._person, self._rounds
        if person is None or person.asked(self._paths, 0) is not None:
            return False
        asked = rounds.labelled[unknown(self._targets(rounds.labelled))]
        if not len(asked):
            return False
        person.ask(self.run, 0, Query(asked, torch.full((len(asked),), torch.nan)))
        self._training.stop.load_state_dict({"reason": self._wanted(), "status": "waiting"})
        self.run.note(self._wanted())
        return True

    def _wanted(self) -> str:
        """Return how many labels are wanted of a person, empty for none."""
        count = len(missing_labels(self._paths)) if self._person is not None else 0
        return f"{wanted(count)}: {hint(self._paths)}" if count else ""

    def _measure(self) -> dict[str, float]:
        """Evaluate the best weights of the round on the test split."""
        training = self._training
        training.watch.best.restore(self.model)
        metrics = dict(training.watch.best.best.metrics)
        if training.assembly.data.test_loader is not None:
            metrics |= self._evaluate("test")
        return {self._metric: math.nan, **metrics}  # no evaluation may have given a number

    def _enough(self, metrics: dict[str, float]) -> str:
        target, value = self._active.target, metrics[self._metric]
        sign = -1 if infer_mode(self._metric) == "min" else 1
        if target is not None and sign * value >= sign * target:
            return f"{self._metric} is {value:.4g}: the target {target:.4g} is reached"
        return self._asking.exhausted()

    def _ask(self) -> Query:
        """Choose the samples of the next query; every process gets those of rank 0.

        What a person was asked for stays, also where it would be chosen otherwise now.
        """
        person, number = self._person, self._rounds.number + 1
        if person is not None and (asked := person.asked(self._paths, number)) is not None:
            return asked
        query = self._asking.query()
        if person is None:
            self._require_known(query.ids)
        if person is not None and not self._asking.too_sure(query):
            on_main(lambda: person.ask(self.run, number, query))
        return query

    def _note(self, metrics: dict[str, float], query: Query | None, trained: float) -> None:
        """Write the row of a round."""
        rounds, size = self._rounds, len(self._rounds.labelled)
        self._record({**metrics, LABELLED: size, ROUND: rounds.number})
        queried = [] if query is None else query.ids.tolist()
        scores = [] if query is None else [encode_number(x) for x in query.scores.tolist()]
        row = {
            "round": rounds.number,
            "labelled": size,
            "step": self.state.step,
            "epoch": self.state.epoch,
            "time": time.time(),
            "metrics": {name: encode_number(value) for name, value in metrics.items()},
            "queried": queried,
            "scores": scores,
            "models": [encode_number(x) for x in rounds.rated] or None,
            "chosen": choose(rounds.rated) if rounds.rated else None,
            "seconds": {"train": trained, "query": time.monotonic() - self._began - trained},
        }
        self.run.append(self.run.paths.rounds, row)
        if is_main():
            write_curve(self.run, self.curve, self._metric, self._active.target)
        self.run.note(
            f"round {rounds.number}: {size} labels, {self._metric} {metrics[self._metric]:.4g}"
        )
