"""Active learning: rounds of the one loop, and between them queries for labels."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from stride.active.candidate_config import candidates_section
from stride.active.candidates import Candidates
from stride.active.choice import class_weights
from stride.active.curves import Curve, read_curve
from stride.active.features import named_layer
from stride.active.modes import network_of
from stride.active.pool import Network, Pool
from stride.active.query import Query, build_strategy, select
from stride.active.reading import Reader
from stride.active.rounds import Rounds, left
from stride.active.scaling import fit_temperature, require_temperature
from stride.active.selection import choose, rate, require_selection, trains_numbers
from stride.active.start import start_ids
from stride.callbacks.base import Callback
from stride.config import Resolved
from stride.config.metrics import infer_mode, metric_name
from stride.config.schema import ActiveConfig, Config
from stride.data import Data, Normalization
from stride.data.sampler import Order
from stride.data.samples import Source
from stride.distributed import broadcast, is_main, on_main, world_size
from stride.engine.loop import Loop
from stride.errors import ConfigError, DataError, nearest
from stride.models.initial import load_initial
from stride.models.model import Model, split_batch
from stride.models.weights import clone_state
from stride.runs.files import encode_number, read_lines
from stride.runs.labels import missing_labels
from stride.trainer.assembly import Assembly, values_of
from stride.trainer.beginning import Beginning
from stride.trainer.resuming import Resumed
from stride.trainer.trainer import Trainer
from stride.trainers.curve import draw_curve, write_curve
from stride.trainers.person import Person, hint, require_labels, wanted
from stride.trainers.renewal import Renewal

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
        order = _order_of(data)
        active, source = config.active_config, data.sources["train"]
        self._reader = _reader(source, data, config)
        self._person = Person(source) if active.oracle == "person" else None
        ids = start_ids(
            active.start, active.start_size, len(self._reader), self._targets, config.seed
        )
        order.choose(ids)
        self._order, self._rounds = order, Rounds(ids)

    def _targets(self) -> Tensor:
        batches = self._reader(torch.arange(len(self._reader)))
        return torch.cat([split_batch(batch)[1] for batch in batches]).cpu()

    def _prepare(self, assembly: Assembly, watch: Any, callbacks: Iterable[Callback] = ()) -> None:
        """Build the training, and what it does between two rounds."""
        super()._prepare(assembly, watch, callbacks)
        active, training = self._active, self._training
        self._require_fitting(assembly)
        self._strategy = build_strategy(active.strategy, active.strategy_kwargs)
        self._weights = class_weights(active.class_weights or {})
        self._strategy.require(assembly.model, self._committee(), self._weights)
        self._metric = active.metric or _metrics(assembly)[0]
        self._renewal = Renewal(training)
        training.state.parts = {"rounds": self._rounds, **training.state.parts}
        training.goes_on = self._has_more
        self._rounds.changed = self._arrange

    def _require_fitting(self, assembly: Assembly) -> None:
        """Refuse what would fail after the first round only."""
        active, model = assembly.config.active_config, assembly.model
        if assembly.config.distributed_config.strategy == "fsdp" and world_size() > 1:
            key = "distributed_config.strategy"
            what = "a model that is divided among processes cannot be asked for scores yet"
            raise ConfigError(what, key=key, where=key, hint=f"type: {key}=flat")
        if active.model_selection is not None:
            require_selection(active.model_selection, model.criterion)
        if active.temperature_scaling:
            require_temperature(model.criterion, validates=assembly.validates)
        if active.feature_layer is not None:
            named_layer(model.network, active.feature_layer)
        known = _metrics(assembly)
        if active.metric not in (None, *known):
            hint = nearest(str(active.metric), known) or f"type one of: {', '.join(known)}"
            what, key = f"no metric {active.metric!r} is evaluated", "active_config.metric"
            raise ConfigError(what, key=key, where=key, hint=hint)

    @property
    def _active(self) -> ActiveConfig:
        return self.config.active_config

    def _candidates(self) -> Candidates | None:
        network = self.model.network
        return network if isinstance(network, Candidates) else None

    def _committee(self) -> Sequence[nn.Module]:
        candidates = self._candidates()
        return candidates.members if candidates is not None and candidates.together else ()

    def _choose_model(self) -> None:
        """Choose the candidate of the round, where one is chosen."""
        rule, candidates = self._active.model_selection, self._candidates()
        if rule is not None and candidates is not None:
            regression = trains_numbers(self.model.criterion)
            rated = rate(candidates.members, self._pool(), rule, regression=regression)
            self._rounds.rated = broadcast(rated)
            candidates.choose(choose(self._rounds.rated))

    def _restore(self, beginning: Beginning) -> None:
        """Put the training where it begins, and keep the weights with which rounds begin."""
        network = self.model.network
        if isinstance(beginning, Resumed) and beginning.run.paths.initial_weights.is_file():
            load_initial(network, beginning.run.paths.initial_weights)
        start, self._arranged = clone_state(self.model.state_dict()), -1
        if isinstance(beginning, Resumed) and self._person is not None:
            require_labels(beginning.run.paths)
            self._paths = beginning.run.paths
            self._arrange()
        super()._restore(beginning)
        if not beginning.saved:
            self._choose_model()
            start = clone_state(self.model.state_dict())
        self._renewal.weights = start

    def _arrange(self) -> None:
        """Let the training be that of the round that the state is in."""
        rounds = self._rounds
        if self._person is not None and rounds.number != self._arranged:
            source = self._person.label(self._training, self._paths, rounds.labelled)
            data = self._training.assembly.data
            self._reader, self._order = _reader(source, data, self.config), _order_of(data)
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
            reason = self._too_sure(query)
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
        self._choose_model()
        return True

    def _awaits_start(self) -> bool:
        """Ask a person for the first labels, where the dataset does not know them."""
        person, rounds = self._person, self._rounds
        if person is None or person.asked(self._paths, 0) is not None:
            return False
        unknown = person.unknown(self._targets(), rounds.labelled)
        if not len(unknown):
            return False
        person.ask(self.run, 0, Query(unknown, torch.full((len(unknown),), torch.nan)))
        self._training.stop.load_state_dict({"reason": self._wanted(), "status": "waiting"})
        return True

    def _wanted(self) -> str:
        """Return how many labels are wanted of a person, empty for none."""
        count = len(missing_labels(self._paths)) if self._person is not None else 0
        return f"{wanted(self._paths, count)}: {hint(self._paths)}" if count else ""

    def _measure(self) -> dict[str, float]:
        """Evaluate the best weights of the round on the test split."""
        training = self._training
        training.watch.best.restore(self.model)
        metrics = dict(training.watch.best.best.metrics)
        if training.assembly.data.test_loader is not None:
            metrics |= self.evaluate("test")
        return metrics

    def _has_more(self) -> bool:
        return not self._exhausted()

    def _exhausted(self) -> str:
        """Return why there is no further query, empty where there is one."""
        active, rounds = self._active, self._rounds
        if rounds.number >= active.num_rounds:
            return f"{active.num_rounds} queries are made"
        if active.budget is not None and len(rounds.labelled) >= active.budget:
            return f"the budget of {active.budget} labels is spent"
        if len(rounds.labelled) >= len(self._reader):
            return "the pool is empty"
        return ""

    def _enough(self, metrics: dict[str, float]) -> str:
        target, value = self._active.target, metrics[self._metric]
        sign = -1 if infer_mode(self._metric) == "min" else 1
        if target is not None and sign * value >= sign * target:
            return f"{self._metric} is {value:.4g}: the target {target:.4g} is reached"
        return self._exhausted()

    def _ask(self) -> Query:
        """Choose the samples of the next query; every process gets those of rank 0.

        What a person was asked for stays, also where it would be chosen otherwise now.
        """
        person, number = self._person, self._rounds.number + 1
        if person is not None and (asked := person.asked(self._paths, number)) is not None:
            return asked
        query = select(self._strategy, self.model, self._pool(), class_weights=self._weights)
        query = Query(*broadcast(tuple(query)))
        if person is not None and not self._too_sure(query):
            on_main(lambda: person.ask(self.run, number, query))
        return query

    def _pool(self) -> Pool:
        active, labelled = self._active, self._rounds.labelled
        count = active.num_queries
        if active.budget is not None:
            count = min(count, active.budget - len(labelled))
        return Pool(
            self._reader,
            left(labelled, len(self._reader)),
            labelled,
            count=count,
            seed=self.config.seed,
            round_number=self._rounds.number,
            precision=self._training.assembly.precision,
            feature_layer=active.feature_layer,
            committee=self._committee(),
            temperatures=self._temperatures() if active.temperature_scaling else None,
        )

    def _temperatures(self) -> dict[nn.Module, float]:
        assembly = self._training.assembly
        batches, precision = assembly.loader("validation"), assembly.precision
        asked: list[Network] = [self.model, *self._committee()]
        return {network_of(one): fit_temperature(one, batches, precision) for one in asked}

    def _too_sure(self, query: Query) -> str:
        """Return why the query is not worth its labels, empty where it is."""
        least = self._active.min_score
        scores = query.scores[~query.scores.isnan()]
        if least is None or not len(scores) or scores.max() >= least:
            return ""
        return f"no sample scores {least:.4g}: the largest score is {float(scores.max()):.4g}"

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


def _reader(source: Source, data: Data, config: Config) -> Reader:
    return Reader(
        source,
        values_of(config.load_data_kwargs),
        seed=config.seed,
        device=data.train_loader.device,  # type: ignore[union-attr]
        normalization=data.normalization,
    )


def _order_of(data: Data) -> Order:
    order = getattr(data.train_loader, "order", None)
    if "train" not in data.sources or order is None:
        raise DataError(
            "a pool is needed whose samples can be chosen",
            where="dataset_kwargs.dataset_name",
            hint="active learning takes a dataset with __getitem__ and __len__, and no own loader",
        )
    if type(order) is not Order:
        raise ConfigError(
            "active learning chooses the samples by itself",
            key="load_data_kwargs.sampler",
            where="load_data_kwargs.sampler",
            hint="leave sampler and batch_sampler out",
        )
    return order


def _metrics(assembly: Assembly) -> list[str]:
    """Return what a round measures; accuracy first where there is one, of the best split."""
    splits = ["test"] if assembly.data.test_loader is not None else []
    splits += ["validation"] if assembly.validates else []
    names = sorted(["loss", *assembly.metric_names], key=lambda name: name != "accuracy")
    known = [metric_name(split, name) for split in splits for name in names]
    return [*known, *(metric_name("train", name) for name in names if name in ("accuracy", "loss"))]
