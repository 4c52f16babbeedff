"""Scoring a pool beside evaluating it, and the picks of a core set beside their distances."""

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.parties import steady
from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row
from benchmarks.timing import take_turns, timed
from stride.active.pool.pool import Pool
from stride.active.pool.pool_reader import Reader
from stride.active.strategies.coverage import k_center
from stride.active.strategies.query import build_strategy, select
from stride.data.array_dataset import ArrayDataset
from stride.engine.evaluate import evaluate
from stride.engine.precision import Precision
from stride.metrics.build import build_metrics
from stride.models.model import Model

CPU = torch.device("cpu")
CLASSES = 10
PICKS = 100


def query_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of active learning: what a query costs beside what it cannot do without."""
    steady()
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        for batch_size in (64, 1024):
            yield _scoring(scale, batch_size)
        yield _picks(scale)
        yield _peer(scale)


def _scoring(scale: Scale, batch_size: int) -> Row:
    """Compare a query by entropy with the evaluation of a split of the same samples.

    The split is read as views of its data; the samples of the pool have to be gathered, since
    some of the data's are labelled.
    """
    samples = scale.of(1_000_000, 20_000)
    data = ArrayDataset([torch.randn(samples, 32), torch.randint(CLASSES, (samples,))])
    labelled, ids = torch.arange(0, samples, samples // 10), torch.arange(samples)
    ids = ids[(ids % (samples // 10)) != 0]
    network = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, CLASSES))
    model, precision = Model(network, nn.CrossEntropyLoss()), Precision("fp32", CPU)
    loader = {"batch_size": batch_size}
    read = Reader(data, loader, seed=0, device=CPU)
    split = Reader(data.select(ids), loader, seed=0, device=CPU)(torch.arange(len(ids)))
    metrics, strategy = build_metrics(["accuracy"], None), build_strategy("EntropySampling")

    def query() -> None:
        select(strategy, model, Pool(read, ids, labelled, count=PICKS, precision=precision))

    def evaluation() -> None:
        evaluate(model, split, metrics, split="validation", precision=precision)

    return _compared(
        f"asking by entropy / evaluation, pool of {samples:,}, batches of {batch_size}",
        query,
        evaluation,
        scale.of(7),
        1.0,
    )


def _picks(scale: Scale) -> Row:
    """Compare the picks of a core set with the products and norms that their distances need."""
    samples = scale.of(100_000, 2_000)
    features, centers = torch.randn(samples, 64), torch.randn(10, 64)
    product = torch.empty(samples)

    def picks() -> None:
        k_center(features, centers, PICKS, torch.Generator().manual_seed(0))

    def floor() -> None:
        torch.linalg.vector_norm(features, dim=1)
        for turn in range(len(centers) + PICKS):
            torch.mv(features, features[turn], out=product)

    what = f"{PICKS} picks of {samples:,} x 64 / their products and norms"
    return _compared(what, picks, floor, scale.of(7), 1.5)


def _peer(scale: Scale) -> Row:
    """Compare the same picks with those of scikit-activeml, which has to give the same."""
    samples, picks = scale.of(10_000, 500), scale.of(20, 3)
    what = f"{picks} picks of {samples:,} x 64 / scikit-activeml's CoreSet"
    if importlib.util.find_spec("skactiveml") is None:
        return Row("queries", what, goal=1.0, missing="not installed")
    features = torch.randn(samples, 64)
    chosen: dict[str, list[int]] = {}

    def ours() -> None:
        generator = torch.Generator().manual_seed(0)
        found = k_center(features[10:], features[:10], picks, generator)
        chosen["ours"] = (found.positions + 10).tolist()

    def theirs() -> None:
        chosen["theirs"] = _core_set_of_peer(features.double().numpy(), picks)

    row = _compared(what, ours, theirs, scale.of(3), 1.0)
    if chosen["ours"] != chosen["theirs"]:
        raise AssertionError("scikit-activeml picks other samples, so that its time means nothing")
    return row


def _core_set_of_peer(features: Any, picks: int) -> list[int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from skactiveml.pool import CoreSet  # type: ignore[import-untyped]

        labels = np.full(len(features), np.nan)
        labels[:10] = 0
        found = CoreSet(random_state=0).query(features, labels, batch_size=picks)
    return [int(position) for position in found]


def _compared(
    what: str, ours: Callable[[], None], theirs: Callable[[], None], repeats: int, goal: float
) -> Row:
    seconds = take_turns({"ours": timed(ours), "theirs": timed(theirs)}, repeats)
    return ratio_row("queries", what, seconds["ours"], seconds["theirs"], goal)
