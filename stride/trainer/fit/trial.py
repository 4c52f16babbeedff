"""Try an assembly on small batches, before there is a run."""

from collections.abc import Mapping
from typing import Any

from stride.distributed import world_size
from stride.engine.probe import LastBatch, probe
from stride.metrics.build import build_metrics
from stride.trainer.fit.assembly import Assembly, lengths
from stride.trainer.fit.monitors import evaluated_metrics, require_metric


def try_out(
    assembly: Assembly, example: Any, smallest: int | None, followed: Mapping[str, str]
) -> dict[str, Any]:
    """Check data, model and metrics against each other on small batches; see `probe`.

    Args:
        assembly: config, data and model.
        example: a small batch to train on.
        smallest: samples of the smallest batch to be trained on, None where that is not known.
        followed: metrics that evaluations have to give, by the key that names them.

    Raises:
        DataError: they do not fit.
        ConfigError: a metric is followed that the model's steps do not give.
    """
    names, training = assembly.metric_names, assembly.config.training_config
    found = probe(
        assembly.model,
        example,
        assembly.metrics(),
        assembly.precision,
        num_classes=assembly.data.info.num_classes,
        evaluated=assembly.loader("validation").example() if assembly.validates else None,
        rated=build_metrics(["accuracy"] if "accuracy" in names else [], assembly.data.info),
        last=None if smallest is None else _last_batch(assembly, smallest, training.nonfinite),
    )
    known = evaluated_metrics(names, validated=assembly.validates, rated=found.pop("rated"))
    for key, metric in followed.items():
        require_metric(metric, known, key)
    return found


def smallest_batch(assembly: Assembly) -> int | None:
    """Return the samples of the smallest batch of a training; None where that is not known."""
    batches, training = assembly.loader("train"), assembly.config.training_config
    _, steps = lengths(assembly.config, assembly.data)
    try:
        whole = steps is None or steps * training.accumulate >= len(batches)
    except TypeError:
        return None
    return batches.smallest if whole else batches.batch_size


def _last_batch(assembly: Assembly, size: int, nonfinite: str) -> LastBatch:
    batches, world = assembly.loader("train"), world_size()
    several = f" in each of {world} processes" if world > 1 else ""
    given = hasattr(batches, "loader")
    return LastBatch(
        size,
        f"{batches.num_samples} training samples in batches of {batches.batch_size}{several}",
        f"{'give the loader' if given else 'type:'} "
        f"{'drop_last=True' if given else 'load_data_kwargs.drop_last=true'}, "
        "or another batch_size",
        finite=nonfinite != "skip",
    )
