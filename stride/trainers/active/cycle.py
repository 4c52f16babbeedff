"""What lies between two rounds: measure, query, write down, and begin the next one."""

import math
import time
from collections.abc import Mapping
from typing import Any

import torch

from stride.active.curves.curve import Curve, read_curve
from stride.active.strategies.query import Query
from stride.active.transferability.model_selection import choose
from stride.callbacks.monitor import Monitor
from stride.config.nonfinite import encode_number
from stride.distributed import is_main, on_main
from stride.models.initial import load_initial
from stride.models.weights import clone_state
from stride.runs.files.jsonl import read_lines
from stride.runs.labels.labels_jsonl import missing_labels
from stride.runs.layout import RunPaths
from stride.trainer.fit.run_start import RunStart
from stride.trainer.fit.session import Session
from stride.trainer.starts.resume import ResumedRun
from stride.trainers.active.compatibility import check_active_config, curve_monitor
from stride.trainers.active.curve import draw_curve, write_curve
from stride.trainers.active.human_oracle import require_labels, wanted
from stride.trainers.active.labelled_pool import LabelledPool
from stride.trainers.active.querying import QueryStep
from stride.trainers.active.round_reset import RoundReset

LABELLED, ROUND = "active/labelled", "active/round"


class Cycle:
    """The rounds of a session, as a part of its state.

    To take the state of another moment is to train on that round's samples from then on, for as
    long as that round lasts.

    Args:
        session: what is trained; as it was built, before anything is restored.
        pool: the training split.

    Raises:
        UserError: the strategy, the model, the data and the config do not fit each other.
    """

    def __init__(self, session: Session, pool: LabelledPool) -> None:
        self._session, self._pool, self._rounds = session, pool, pool.rounds
        self._active = session.assembly.config.active_config
        check_active_config(session.assembly)
        if self._active.metric is not None:
            session.callbacks.measure("active_config.metric", self._active.metric)
        self._query_step = QueryStep(session.assembly, pool.rounds, lambda: pool.reader)
        self._round_reset = RoundReset(session)
        self._paths: RunPaths | None = None
        self._began = 0.0

    @property
    def monitor(self) -> Monitor:
        """Return by which metric rounds are compared: one that the probe saw to be given."""
        return curve_monitor(self._session.assembly)

    @property
    def metric(self) -> str:
        """Return the name of that metric."""
        return self.monitor.metric

    def state_dict(self) -> dict[str, Any]:
        """Return where the rounds stand."""
        return self._rounds.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take where the rounds stand, and let the training be that of the round."""
        self._rounds.load_state_dict(state)
        self._arrange()

    def _arrange(self) -> None:
        rounds = self._rounds
        self._pool.arrange(self._session, self._paths)
        self._round_reset.apply(rounds.number, rounds.epoch, rounds.step)

    def restore(self, start: RunStart) -> None:
        """Put the session where it starts, and keep the weights with which rounds begin."""
        model = self._session.assembly.model
        if isinstance(start, ResumedRun):
            if start.run.paths.initial_weights.is_file():
                load_initial(model.network, start.run.paths.initial_weights)
            self._paths = start.run.paths
        weights = clone_state(model.state_dict())
        if isinstance(start, ResumedRun) and self._pool.oracle is not None:
            require_labels(start.run.paths, self._session.assembly.data.info)
            self._arrange()
        start.restore(self._session)
        if not start.saved:
            self._query_step.choose_model()
            weights = clone_state(model.state_dict())
        self._round_reset.weights = weights

    @property
    def stage(self) -> str:
        """Return which round it is, and on how many labels it trains."""
        rounds = self._rounds
        labels = f"{len(rounds.labelled)} labels"
        return f"round {rounds.number} of {self._active.num_rounds}, {labels}"

    def stop_reason(self) -> str:
        """Return why the queries have ended, empty where a further one is to be made."""
        return self._query_step.stop_reason()

    def begin(self) -> bool:
        """Begin in the run that is claimed; return whether there are labels to train on."""
        self._began, self._paths = time.monotonic(), self._session.run.paths
        return bool(self._session.start.saved) or not self._awaits_start()

    def end_round(self) -> bool:
        """Measure the round and ask for labels; return whether a further one begins."""
        stop, rounds = self._session.stop, self._rounds
        if stop.pauses:
            return False
        trained = time.monotonic() - self._began
        metrics = self._measure()
        reason, query = self._enough(metrics), None
        if not reason:
            query = self._ask()
            reason = self._query_step.below_min_score(query)
        if reason:
            query, status = None, "done"
        elif reason := self._wanted():
            status = "waiting"
        self._note(metrics, query, trained)
        if reason or query is None:
            stop.load_state_dict({"reason": reason, "status": status})
            return False
        self._round_reset.begin(self._session.assembly.config.seed, rounds.number + 1)
        rounds.advance(query.ids, self._session.state)
        self._arrange()
        self._query_step.choose_model()
        self._began = time.monotonic()
        return True

    def _awaits_start(self) -> bool:
        """Ask a person for the first labels, where the dataset does not know them."""
        oracle, session = self._pool.oracle, self._session
        if oracle is None or oracle.request(session.run.paths, 0) is not None:
            return False
        asked = self._pool.unknown_start()
        if not len(asked):
            return False
        oracle.ask(session.run, 0, Query(asked, torch.full((len(asked),), torch.nan)))
        session.stop.load_state_dict({"reason": self._wanted(), "status": "waiting"})
        return True

    def _wanted(self) -> str:
        """Return how many labels are wanted of a person, empty for none."""
        paths = self._session.run.paths
        count = len(missing_labels(paths)) if self._pool.oracle is not None else 0
        return wanted(count) if count else ""

    def _measure(self) -> dict[str, float]:
        """Evaluate the best weights of the round on the test split."""
        session, best = self._session, self._session.callbacks.best
        best.restore(session.assembly.model)
        metrics = best.best.metrics | session.test()
        return {self.metric: math.nan, **metrics}  # no evaluation may have given a number

    def _enough(self, metrics: dict[str, float]) -> str:
        target, value = self._active.target, metrics[self.metric]
        sign = -1 if self.monitor.mode == "min" else 1
        if target is not None and sign * value >= sign * target:
            return f"{self.metric} is {value:.4g}: the target {target:.4g} is reached"
        return self._query_step.stop_reason()

    def _ask(self) -> Query:
        """Choose the samples of the next query; every process gets those of rank 0.

        What a person was asked for stays, also where it would be chosen otherwise now.
        """
        oracle, number, run = self._pool.oracle, self._rounds.number + 1, self._session.run
        if oracle is not None and (asked := oracle.request(run.paths, number)) is not None:
            return asked
        query = self._query_step.query()
        if oracle is None:
            self._pool.require_known(query.ids)
        if oracle is not None and not self._query_step.below_min_score(query):
            on_main(lambda: oracle.ask(run, number, query))
        return query

    def curve(self) -> Curve:
        """Return the learning curve of the rounds so far.

        Raises:
            DataError: no round has come to its end.
        """
        return read_curve(read_lines(self._session.run.paths.rounds), self.metric)

    def draw(self) -> None:
        """Leave a picture of the learning curve in the run."""
        run = self._session.run
        if is_main() and run.paths.rounds.exists():
            draw_curve(run, self.curve(), self.metric, self._active.strategy)

    def _note(self, metrics: dict[str, float], query: Query | None, trained: float) -> None:
        """Write the row of a round."""
        session, rounds, size = self._session, self._rounds, len(self._rounds.labelled)
        session.record({**metrics, LABELLED: size, ROUND: rounds.number})
        queried = [] if query is None else query.ids.tolist()
        scores = [] if query is None else [encode_number(x) for x in query.scores.tolist()]
        row = {
            "round": rounds.number,
            "labelled": size,
            "step": session.state.step,
            "epoch": session.state.epoch,
            "time": time.time(),
            "metrics": {name: encode_number(value) for name, value in metrics.items()},
            "queried": queried,
            "scores": scores,
            "models": [encode_number(x) for x in rounds.rated] or None,
            "chosen": choose(rounds.rated) if rounds.rated else None,
            "seconds": {"train": trained, "query": time.monotonic() - self._began - trained},
        }
        session.run.append(session.run.paths.rounds, row)
        if is_main():
            write_curve(session.run, self.curve(), self.monitor, self._active.target)
        session.run.note(
            f"round {rounds.number}: {size} labels, {self.metric} {metrics[self.metric]:.4g}"
        )
