"""Try an assembly on small batches, before there is a run."""

from collections.abc import Mapping
from typing import Any

from stride.data.batches.given import GivenBatches
from stride.distributed import world_size
from stride.engine.probe import LastBatch, probe
from stride.trainer.fit.assembly import Assembly, lengths
from stride.trainer.fit.monitors import evaluated_metrics, require_metric

DROP = "type: load_data_kwargs.drop_last=true"


def try_out(
    assembly: Assembly, example: Any, last: LastBatch | None, followed: Mapping[str, str]
) -> dict[str, Any]:
    """Check data, model and metrics against each other on small batches; see `probe`.

    Args:
        assembly: config, data and model.
        example: a small batch to train on.
        last: the smallest batch to be trained on, None where that is not known.
        followed: metrics that evaluations have to give, by the key that names them.

    Raises:
        DataError: they do not fit.
        ConfigError: a metric is followed that the model's steps do not give.
    """
    names = assembly.metric_names
    found = probe(
        assembly.model,
        example,
        assembly.metrics(),
        assembly.precision,
        num_classes=assembly.data.info.num_classes,
        evaluated=assembly.loader("validation").example() if assembly.validates else None,
        rated=assembly.metrics(["accuracy"] if "accuracy" in names else []),
        last=last,
    )
    known = evaluated_metrics(names, validated=assembly.validates, rated=found.pop("rated"))
    for key, metric in followed.items():
        require_metric(metric, known, key)
    return found


def last_batch(assembly: Assembly) -> LastBatch | None:
    """Return the smallest batch of a training; None where that is not known, or never reached."""
    batches, training = assembly.loader("train"), assembly.config.training_config
    _, steps = lengths(assembly.config, assembly.data)
    try:
        whole = steps is None or steps * training.accumulate >= len(batches)
    except TypeError:
        return None
    if not whole or batches.smallest is None:
        return None
    several = f" in each of {world_size()} processes" if world_size() > 1 else ""
    drop = "give the loader drop_last=True" if isinstance(batches, GivenBatches) else DROP
    return LastBatch(
        batches.smallest,
        f"{batches.num_samples} training samples in batches of {batches.batch_size}{several}",
        f"{drop}, or another batch_size",
        finite=training.nonfinite != "skip",
    )
