"""The built-in query strategies: each a function of (model, pool) that gives scores or picks."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from stride.active.pool.inference_modes import network_of, require_dropout
from stride.active.pool.outputs import Probabilities, class_probabilities, require_one_per_sample
from stride.active.pool.pool import Network, Pool
from stride.active.strategies import scores
from stride.active.strategies.badge import badge
from stride.active.strategies.clusters import cluster, prob_cover, pure_radius, typiclust
from stride.active.strategies.coverage import Picks, k_center
from stride.errors import ConfigError

KEY = "active_config.strategy"


def uniform_sampling(model: Network, pool: Pool) -> Tensor:
    """Score at random: all samples are equally likely to be asked for."""
    return torch.rand(len(pool), generator=pool.generator, dtype=torch.float64)


def uncertainty_sampling(model: Network, pool: Pool) -> Tensor:
    """Score by 1 - p of the likeliest class."""
    return _score(model, pool, scores.least_confident)


def margin_sampling(model: Network, pool: Pool) -> Tensor:
    """Score by 1 - the margin between the two likeliest classes."""
    return _score(model, pool, scores.margin)


def entropy_sampling(model: Network, pool: Pool) -> Tensor:
    """Score by the entropy of the class probabilities."""
    return _score(model, pool, scores.entropy)


def bald_sampling(model: Network, pool: Pool, num_passes: int = 10) -> Tensor:
    """Score by what the label tells of the model, by passes with dropout."""
    return _score_passes(model, pool, num_passes, scores.bald)


def variation_ratio(model: Network, pool: Pool, num_passes: int = 10) -> Tensor:
    """Score by the share of passes with dropout that vote against the majority."""
    return _score_passes(model, pool, num_passes, scores.variation_ratio)


def query_by_committee(
    model: Network,
    pool: Pool,
    disagreement: Literal["consensus", "vote_entropy"] = "consensus",
) -> Tensor:
    """Score by the disagreement of the pool's committee.

    Args:
        model: not asked, unless it is in the committee.
        pool: holds the committee.
        disagreement: the divergence from the members' mean, or the entropy of their votes.
    """
    function = {"consensus": scores.consensus, "vote_entropy": scores.vote_entropy}[disagreement]
    classes = _of_members(class_probabilities(pool.committee[0]))
    return pool.gather(function(classes(some)) for some in pool.committee_outputs())


def variance_sampling(model: Network, pool: Pool, num_passes: int = 10) -> Tensor:
    """Score by the variance of the outputs over passes with dropout: for numbers."""
    return pool.gather(scores.variance(some) for some in pool.dropout_outputs(model, num_passes))


def ensemble_variance(model: Network, pool: Pool) -> Tensor:
    """Score by the variance of the outputs over the pool's committee: for numbers."""
    return pool.gather(scores.variance(some) for some in pool.committee_outputs())


def expected_gradient_length(model: Network, pool: Pool) -> Tensor:
    """Score by the expected norm of the last layer's gradient."""
    classes = _one_class(model, "ExpectedGradientLength")
    return pool.gather(
        scores.expected_gradient_length(classes(outputs), features)
        for outputs, features in pool.outputs_and_features(model)
    )


def core_set(model: Network, pool: Pool) -> Picks:
    """Pick greedily the sample farthest from all labelled and picked ones."""
    known = pool.labelled_features(model)
    return k_center(pool.features(model), known, pool.count, pool.generator)


def badge_sampling(model: Network, pool: Pool) -> Picks:
    """Pick samples with large and different gradients by k-means++."""
    classes = _one_class(model, "BADGE")
    found, features = pool.collect(
        (classes(some), rows) for some, rows in pool.outputs_and_features(model)
    )
    return badge(found, features, pool.count, pool.generator)


def typi_clust(model: Network, pool: Pool) -> Picks:
    """Pick typical samples of clusters without labels: for tiny budgets."""
    known = pool.labelled_features(model)
    return typiclust(pool.features(model), known, pool.count, pool.generator)


def prob_cover_sampling(
    model: Network,
    pool: Pool,
    radius: float | None = None,
    purity: float = 0.95,
    num_clusters: int | None = None,
) -> Picks:
    """Pick samples within whose radius most others lie: for tiny budgets.

    Args:
        model: gives the features.
        pool: the samples.
        radius: below this distance a sample is covered; None: chosen by purity.
        purity: the share of samples that shall see their own cluster alone within the radius.
        num_clusters: for the purity; None: as many as there are classes.
    """
    features = pool.features(model)
    if radius is None:
        number = num_clusters or _num_classes(model, pool)
        found = cluster(features, number, pool.generator).to(features.device)
        radius = pure_radius(features, found, purity)
    known = pool.labelled_features(model)
    return prob_cover(features, known, pool.count, pool.generator, radius=radius)


def _score(model: Network, pool: Pool, function: Callable[[Tensor], Tensor]) -> Tensor:
    classes = class_probabilities(model)
    return pool.score(model, lambda outputs: function(classes(outputs)))


def _score_passes(
    model: Network, pool: Pool, num_passes: int, function: Callable[[Tensor], Tensor]
) -> Tensor:
    classes = _of_members(class_probabilities(model))
    return pool.gather(function(classes(some)) for some in pool.dropout_outputs(model, num_passes))


def _of_members(classes: Probabilities) -> Probabilities:
    """Return the function from the outputs of several members to their probabilities."""

    def of_members(some: Tensor) -> Tensor:
        found = classes(some.flatten(0, 1))
        return found.view(*some.shape[:2], *found.shape[1:])

    return of_members


def _one_class(model: Network, strategy: str) -> Probabilities:
    classes = class_probabilities(model)
    return lambda outputs: require_one_per_sample(classes(outputs), strategy)


def _num_classes(model: Network, pool: Pool) -> int:
    first = next(iter(pool.outputs(model)))
    return int(class_probabilities(model)(first).shape[-1])


def _classes(model: Network, committee: Sequence[Network]) -> None:
    class_probabilities(model)


def _dropout(model: Network, committee: Sequence[Network]) -> None:
    require_dropout(network_of(model))


def _committee(model: Network, committee: Sequence[Network]) -> None:
    if len(committee) < 2:
        raise ConfigError(
            f"a committee needs several models, and there is {len(committee) or 'none'}",
            key=KEY,
            where=KEY,
            hint="give a list of models; one with dropout has BALD, for numbers VarianceSampling",
        )


class BuiltIn(NamedTuple):
    """A strategy of STRIDE's own.

    Attributes:
        rule: the function of (model, pool).
        needs: refuse the models with which it would fail, or always choose the same.
        picks: whether it gives picks, and no score for every sample.
    """

    rule: Callable[..., Any]
    needs: tuple[Callable[[Network, Sequence[Network]], None], ...] = ()
    picks: bool = False


STRATEGIES = {
    "UniformSampling": BuiltIn(uniform_sampling),
    "UncertaintySampling": BuiltIn(uncertainty_sampling, (_classes,)),
    "MarginSampling": BuiltIn(margin_sampling, (_classes,)),
    "EntropySampling": BuiltIn(entropy_sampling, (_classes,)),
    "BALD": BuiltIn(bald_sampling, (_classes, _dropout)),
    "VariationRatio": BuiltIn(variation_ratio, (_classes, _dropout)),
    "QueryByCommittee": BuiltIn(query_by_committee, (_classes, _committee)),
    "CoreSet": BuiltIn(core_set, picks=True),
    "BADGE": BuiltIn(badge_sampling, (_classes,), picks=True),
    "TypiClust": BuiltIn(typi_clust, picks=True),
    "ProbCover": BuiltIn(prob_cover_sampling, picks=True),
    "ExpectedGradientLength": BuiltIn(expected_gradient_length, (_classes,)),
    "VarianceSampling": BuiltIn(variance_sampling, (_dropout,)),
    "EnsembleVariance": BuiltIn(ensemble_variance, (_committee,)),
}
