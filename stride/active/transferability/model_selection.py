"""Select among networks the one that suits the labelled set before training."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from stride.active.pool.outputs import class_probabilities
from stride.active.pool.pool import Network, Pool
from stride.active.transferability.logme import log_me
from stride.active.transferability.scores import h_score, leep, n_leep, nce
from stride.errors import ConfigError, NonFiniteError, nearest
from stride.models.targets import LABEL_LOGITS, POINTWISE

KEY = "active_config.model_selection"
OF_FEATURES = ("LogME", "HScore", "NLEEP")
OF_OUTPUTS = ("LEEP", "NCE", "accuracy")

Rule = Callable[[Tensor], float]


def trains_numbers(criterion: nn.Module) -> bool:
    """Tell whether a criterion trains numbers: then a selection is one for regression."""
    return isinstance(criterion, POINTWISE) and not isinstance(
        criterion, (nn.BCELoss, *LABEL_LOGITS)
    )


def require_selection(rule: str, criterion: nn.Module) -> None:
    """Refuse a rule that is none, or that needs classes where numbers are trained.

    Raises:
        ConfigError: names the rules that would do.
    """
    known = (*OF_FEATURES, *OF_OUTPUTS)
    if rule not in known:
        hint = nearest(rule, known) or f"type one of: {', '.join(known)}"
        raise ConfigError(f"there is no rule {rule!r}", key=KEY, where=KEY, hint=hint)
    if rule != "LogME" and trains_numbers(criterion):
        raise ConfigError(
            f"{rule} needs classes, and {type(criterion).__name__} trains numbers",
            key=KEY,
            where=KEY,
            hint=f"type: {KEY}=LogME",
        )


def rate(
    networks: Sequence[Network], pool: Pool, rule: str, *, regression: bool = False
) -> list[float]:
    """Return how well each network suits the labelled set of a pool, larger is better.

    LogME, HScore and NLEEP look at the features that the pool takes; LEEP and NCE at the classes
    that a network predicts, which may be others than those of the task; accuracy at how many of
    its predictions are right, which needs the same classes.

    Labels of one class, and numbers that are all zero, tell nothing of the networks: then all have
    the same score by every rule but accuracy. Samples whose label is negative are not counted.

    Args:
        networks: modules, whose outputs are logits, or Models.
        pool: gives features, outputs and targets of the labelled samples.
        rule: LogME, LEEP, NCE, HScore, NLEEP or accuracy.
        regression: whether the targets are numbers; then the rule is LogME.

    Returns:
        one score for each; NaN for a network whose outputs or features are not finite.

    Raises:
        ConfigError: the targets are not one class for each sample.
    """
    targets = pool.labelled_targets()
    numbers = regression or (rule == "LogME" and _are_several(targets))
    targets = targets.reshape(len(targets), -1) if numbers else _labels(targets, rule)
    counted = torch.ones(len(targets), dtype=torch.bool) if numbers else (targets >= 0).cpu()
    targets = targets[counted.to(targets.device)]
    alike = not targets.any() if numbers else bool((targets == targets[:1]).all())
    if alike and rule != "accuracy":
        return [0.0 for _ in networks]
    score = _rules(targets, pool.seed, regression=numbers)[rule]
    asked = _features if rule in OF_FEATURES else _probabilities
    return [_score(asked(one, pool), counted, score) for one in networks]


def choose(scores: Sequence[float]) -> int:
    """Return the place of the largest score; of equal ones the first.

    Raises:
        NonFiniteError: none is finite.
    """
    known = [score if math.isfinite(score) else -math.inf for score in scores]
    best = max(known, default=-math.inf)
    if best == -math.inf:
        raise NonFiniteError(
            "no candidate gives finite outputs for the labelled samples",
            where=KEY,
            hint="look for NaN in the weights that they start from, or type a smaller "
            "optimizer_kwargs.lr",
        )
    return known.index(best)


def _rules(targets: Tensor, seed: int, *, regression: bool) -> dict[str, Rule]:
    return {
        "LogME": partial(log_me, targets=targets, regression=regression),
        "HScore": partial(h_score, labels=targets),
        "NLEEP": partial(n_leep, labels=targets, seed=seed % 2**32),
        "LEEP": partial(leep, labels=targets),
        "NCE": partial(nce, labels=targets),
        "accuracy": lambda rows: float((rows.argmax(1) == targets).double().mean()),
    }


def _score(rows: Tensor, counted: Tensor, rule: Rule) -> float:
    rows = rows[counted.to(rows.device)]
    return rule(rows) if bool(rows.isfinite().all()) else math.nan


def _features(network: Network, pool: Pool) -> Tensor:
    return pool.labelled_features(network)


def _probabilities(network: Network, pool: Pool) -> Tensor:
    return class_probabilities(network)(torch.cat(list(pool.labelled_outputs(network))))


def _labels(targets: Tensor, rule: str) -> Tensor:
    """Return one class for each sample."""
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim == 1:
        return targets.long()
    raise ConfigError(
        f"{rule} needs one class for each sample; the targets have the shape "
        f"{tuple(targets.shape)}",
        key=KEY,
        where=KEY,
        hint=f"leave {KEY} out: then all candidates are trained",
    )


def _are_several(targets: Tensor) -> bool:
    """Tell whether each sample has several numbers, as labels that may hold together."""
    return targets.is_floating_point() and targets.ndim == 2 and targets.shape[1] > 1
