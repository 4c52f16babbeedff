"""Choose the samples of a query, and the candidate of a round, by the model as it is."""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import nn

from stride.active.calibration.temperature import fit_temperature
from stride.active.pool.inference_modes import network_of
from stride.active.pool.pool import Network, Pool
from stride.active.pool.pool_reader import Reader
from stride.active.rounds import Rounds, unlabelled_ids
from stride.active.strategies.query import Query, build_strategy, select
from stride.active.strategies.selection import class_weights
from stride.active.transferability.model_selection import choose, rate, trains_numbers
from stride.distributed import broadcast
from stride.trainer.fit.assembly import Assembly
from stride.trainers.active.compatibility import candidates_of, committee_of, members_of


@dataclass
class QueryStep:
    """Ask a pool by the strategy of a config; every process gets what rank 0 has chosen.

    Attributes:
        assembly: config, data and model.
        rounds: the labelled set.
        read: gives the reader of the samples with their labels.

    Raises:
        UserError: there is no such strategy, or the model does not fit it.
    """

    assembly: Assembly
    rounds: Rounds
    read: Callable[[], Reader] = field(repr=False)

    def __post_init__(self) -> None:
        active, model = self.assembly.config.active_config, self.assembly.model
        self._strategy = build_strategy(active.strategy, active.strategy_kwargs)
        self._weights = class_weights(active.class_weights or {})
        self._strategy.require(model, committee_of(model), self._weights)

    def query(self) -> Query:
        """Choose the samples whose labels the next round has."""
        temperatures = self._temperatures()
        query = select(
            self._strategy,
            self.assembly.model,
            self._pool(temperatures),
            class_weights=self._weights,
        )
        return Query(*broadcast(tuple(query)))

    def choose_model(self) -> None:
        """Let that candidate be trained which suits the labelled set best, where one is chosen."""
        rule, model = self.assembly.config.active_config.model_selection, self.assembly.model
        candidates = candidates_of(model)
        if rule is not None and candidates is not None:
            regression = trains_numbers(model.criterion)
            rated = rate(members_of(model), self._pool({}), rule, regression=regression)
            self.rounds.rated = broadcast(rated)
            candidates.choose(choose(self.rounds.rated))

    def below_min_score(self, query: Query) -> str:
        """Return why a query is not worth its labels, empty where it is."""
        least = self.assembly.config.active_config.min_score
        scores = query.scores[~query.scores.isnan()]
        if least is None or not len(scores) or scores.max() >= least:
            return ""
        return f"no sample scores {least:.4g}: the largest score is {float(scores.max()):.4g}"

    def stop_reason(self) -> str:
        """Return why the queries have ended, empty where a further one is to be made."""
        active, labelled = self.assembly.config.active_config, len(self.rounds.labelled)
        if self.rounds.number >= active.num_rounds:
            return f"{active.num_rounds} queries are made"
        if active.budget is not None and labelled >= active.budget:
            return f"the budget of {active.budget} labels is spent"
        return "the pool is empty" if labelled >= len(self.read()) else ""

    def _pool(self, temperatures: dict[nn.Module, float]) -> Pool:
        config, reader, labelled = self.assembly.config, self.read(), self.rounds.labelled
        active, count = config.active_config, config.active_config.num_queries
        if active.budget is not None:
            count = min(count, active.budget - len(labelled))
        return Pool(
            reader,
            unlabelled_ids(labelled, len(reader)),
            labelled,
            count=count,
            seed=config.seed,
            round_number=self.rounds.number,
            precision=self.assembly.precision,
            feature_layer=active.feature_layer,
            committee=committee_of(self.assembly.model),
            temperatures=temperatures,
        )

    def _temperatures(self) -> dict[nn.Module, float]:
        assembly = self.assembly
        if not assembly.config.active_config.temperature_scaling:
            return {}
        batches, precision = assembly.loader("validation"), assembly.precision
        asked: list[Network] = [assembly.model, *committee_of(assembly.model)]
        return {network_of(one): fit_temperature(one, batches, precision) for one in asked}
