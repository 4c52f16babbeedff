"""Find a strategy, check it before anything is trained, and let it choose samples of a pool."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from inspect import isclass, signature
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stride.active.pool.inference_modes import evaluation_mode, network_of
from stride.active.pool.pool import Network, Pool
from stride.active.strategies.builtin import STRATEGIES, BuiltIn
from stride.active.strategies.coverage import Picks
from stride.active.strategies.selection import require_finite, top_k, top_k_by_class
from stride.components import bind, construct, find, parameters
from stride.errors import ComponentError, ConfigError, DataError, nearest
from stride.models.build import seeded

KEY, SECTION = "active_config.strategy", "active_config.strategy_kwargs"
WEIGHTS = "active_config.class_weights"


class Query(NamedTuple):
    """The samples to be labelled.

    Attributes:
        ids: their numbers in the dataset, in the order of asking.
        scores: what each was chosen for, in float64; NaN where a strategy gave positions alone.
    """

    ids: Tensor
    scores: Tensor


@dataclass(frozen=True)
class Strategy:
    """A query strategy with its arguments.

    A rule is called with a model and a `Pool` and returns one of two things: a score for each
    sample of the pool, as floating numbers in the order of `pool.ids`, larger asked first; or the
    positions in `pool.ids` of the samples to ask for, as whole numbers, the first asked first.

    Attributes:
        name: as in the config, or of the object that was given.
        rule: called with (model, pool).
        arguments: of the rule, complete, as they are written into the config.
    """

    name: str
    rule: Callable[[Any, Pool], Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def require(
        self,
        model: Network,
        committee: Sequence[Network] = (),
        class_weights: Mapping[int, float] | None = None,
    ) -> None:
        """Refuse models with which a built-in strategy could not work, before one is trained.

        Raises:
            ConfigError: no dropout, no committee, no classes, or weights that it cannot keep.
        """
        own = STRATEGIES.get(self.name, BuiltIn(self.rule))
        for need in own.needs:
            need(model, committee)
        if class_weights and own.picks:
            raise _cannot_weigh(self.name)


def build_strategy(
    strategy: str | Callable[..., Any], kwargs: Mapping[str, Any] | None = None
) -> Strategy:
    """Return a strategy by its built-in name or import path, or of a callable given.

    A function is called with (model, pool) and the arguments; a class is made with the arguments,
    and its instance called with (model, pool).

    Args:
        strategy: for example EntropySampling, my_package.my_module:rule, or a function.
        kwargs: the arguments, converted to the types that the signature names.

    Raises:
        ComponentError: there is no such strategy.
        ConfigError: an argument that it does not take, with the nearest that it does.
    """
    found, given = _find(strategy), dict(kwargs or {})
    label = getattr(found, "__qualname__", type(found).__qualname__)
    name = strategy if isinstance(strategy, str) else label
    if isclass(found):
        arguments = bind(found, given, section=SECTION)
        return Strategy(name, construct(found, section=SECTION, **arguments), arguments)
    supplied = list(parameters(found).named)[:2]
    _require_two(found, name)
    arguments = bind(found, given, section=SECTION, supplied=supplied)
    return Strategy(name, partial(found, **arguments), arguments)


def select(
    strategy: Strategy,
    model: Network,
    pool: Pool,
    *,
    class_weights: Mapping[int, float] | None = None,
) -> Query:
    """Let a strategy choose `pool.count` samples, or all that are left.

    Models are in evaluation mode meanwhile, and random numbers come from the seed and the round;
    the models' modes and the process's random state are as before after it.

    Args:
        strategy: as `build_strategy` gives it.
        model: the one that is trained.
        pool: the samples to choose from.
        class_weights: the largest share of each predicted class, as `class_weights` gives it.

    Raises:
        NonFiniteError: a score is NaN or infinite.
        DataError: the rule gave something that is neither scores nor positions.
        ConfigError: class weights for a strategy that gives no scores.
    """
    with ExitStack() as stack:
        stack.enter_context(seeded(pool.seed))
        for one in (model, *pool.committee):
            stack.enter_context(evaluation_mode(network_of(one)))
        if not len(pool):
            return Query(pool.ids, torch.zeros(0, dtype=torch.float64))
        picks = _picks(strategy, model, pool, class_weights)
    return Query(pool.ids[picks.positions], picks.scores)


def _picks(
    strategy: Strategy, model: Network, pool: Pool, weights: Mapping[int, float] | None
) -> Picks:
    answer = strategy.rule(model, pool)
    if not isinstance(answer, Picks):
        answer = _read(answer, strategy.name, len(pool))
    if isinstance(answer, Picks):
        if weights:
            raise _cannot_weigh(strategy.name)
        return Picks(answer.positions[: pool.count], answer.scores[: pool.count])
    require_finite(answer, f"scores of {strategy.name}")
    if weights:
        predicted = pool.predictions(model)
        positions = top_k_by_class(
            answer, pool.count, pool.generator, predicted=predicted, weights=weights
        )
    else:
        positions = top_k(answer, pool.count, pool.generator)
    return Picks(positions, answer[positions])


def _read(answer: Any, name: str, length: int) -> Tensor | Picks:
    """Return the scores that a rule gave, or the picks."""
    try:
        numbers = torch.as_tensor(answer).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise _unreadable(name, f"a {type(answer).__name__}", length) from error
    if numbers.is_floating_point() and numbers.shape == (length,):
        return numbers.double()
    whole = not (numbers.is_floating_point() or numbers.is_complex())
    if numbers.ndim != 1 or not whole or numbers.dtype is torch.bool:
        raise _unreadable(name, f"numbers of {numbers.dtype}, {tuple(numbers.shape)}", length)
    inside = bool(((numbers >= 0) & (numbers < length)).all())
    if not inside or len(torch.unique(numbers)) < len(numbers):
        fault = "positions twice" if inside else "positions that are not in it"
        raise _unreadable(name, fault, length)
    return Picks(numbers.long(), torch.full((len(numbers),), torch.nan, dtype=torch.float64))


def _unreadable(name: str, what: str, length: int) -> DataError:
    return DataError(
        f"the strategy {name} gave {what} for a pool of {length} samples",
        where=KEY,
        hint="return one floating number per sample, or whole numbers: positions in the pool",
    )


def _cannot_weigh(name: str) -> ConfigError:
    return ConfigError(
        f"{WEIGHTS} has no effect on {name}, which gives no score for every sample",
        key=WEIGHTS,
        where=WEIGHTS,
        hint="leave it out, or choose a strategy that scores, such as EntropySampling",
    )


def _require_two(rule: Callable[..., Any], name: str) -> None:
    with suppress(ValueError):  # some built-in functions have no signature
        try:
            signature(rule).bind_partial(None, None)
        except TypeError as error:
            raise ComponentError(
                f"the strategy {name} cannot be called with a model and a pool: {error}",
                where=KEY,
                hint="it is called as rule(model, pool)",
            ) from None


def _find(strategy: str | Callable[..., Any]) -> Callable[..., Any]:
    if not isinstance(strategy, str):
        return strategy
    if strategy in STRATEGIES:
        return STRATEGIES[strategy].rule
    if ":" in strategy:
        return find("strategy", strategy)
    near = nearest(strategy, STRATEGIES)
    hint = near or f"type one of {', '.join(STRATEGIES)}, or an import path package.module:rule"
    raise ComponentError(f"there is no query strategy {strategy!r}", where=KEY, hint=hint)
