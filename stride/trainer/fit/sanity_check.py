"""Try an assembly on small batches, before there is a run."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from stride.config.metrics import GRAD_NORM, metric_name, split_name
from stride.data import Batches, Data
from stride.data.batches.user_loader import UserLoaderBatches
from stride.distributed import world_size
from stride.engine.probe.last_batch import LastBatch
from stride.engine.probe.probe import probe
from stride.errors import StrideError
from stride.metrics.base import KEY as METRICS
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.monitors import evaluated_metrics, require_metric

DROP = "type: load_data_kwargs.drop_last=true"
DROP_OF = 'type: load_data_kwargs.{}_loader_kwargs={{"drop_last":true}}'


def sanity_check(
    assembly: Assembly,
    example: Callable[[], Any],
    last: LastBatch | None,
    followed: Mapping[str, str],
    measured: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Check data, model and metrics against each other on small batches; see `probe`.

    What refuses a few samples is tried again on a whole batch, as it will be trained and
    evaluated: a network may have a fixed batch size, a loss may compare samples. Metrics that
    nobody asked for are left out where it is they that do not fit.

    Args:
        assembly: config, data and model.
        example: gives a batch to train on.
        last: the smallest batch to be trained on, None where that is not known.
        followed: metrics that evaluations have to give, by the key that names them.
        measured: likewise, those that the test split may give too.

    Raises:
        DataError: they do not fit.
        ConfigError: a metric is followed that the model's steps do not give.
    """
    _try_transforms(assembly)
    found: dict[str, Any] | None = None
    while found is None:
        try:
            found = _tried(assembly, example(), last)
        except Exception as error:
            if not (_without_defaults(assembly, error) or _whole_examples(assembly.data)):
                raise
    rated = ["accuracy"] if found.pop("rated") and assembly.rated() else []
    norm = [GRAD_NORM] if assembly.config.training_config.measures_grad_norm else []
    trained = ["loss", *rated, *norm, *found.pop("values")]
    evaluated = ["loss", *found.pop("evaluated")]
    validated = evaluated if assembly.validates else []
    known = evaluated_metrics(trained, validated)
    if assembly.config.training_config.with_validation:
        known += [metric_name(split, name) for split in assembly.extra for name in evaluated]
    for key, metric in followed.items():
        require_metric(metric, known, key)
    tested = [metric_name("test", name) for name in evaluated] if assembly.tests else []
    for key, metric in measured.items():
        require_metric(metric, [*tested, *known], key)
    return found


def _try_transforms(assembly: Assembly) -> None:
    """Let the transforms of evaluated splits change a few samples: one is first read at the end."""
    for split in assembly.data.transforms.keys() & assembly.data.sources.keys():
        assembly.loader(split).example()


def _tried(assembly: Assembly, example: Any, last: LastBatch | None) -> dict[str, Any]:
    validated = assembly.validates and assembly.data.val_loader is not None
    return probe(
        assembly.model,
        example,
        assembly.metrics(),
        assembly.precision,
        num_classes=assembly.data.info.num_classes,
        evaluated=assembly.loader("validation").example() if validated else None,
        rated=assembly.rated(),
        last=last,
        last_evaluated=_last_evaluated(assembly),
        optimizers=tuple(assembly.config.optimizers),
    )


def _without_defaults(assembly: Assembly, error: Exception) -> bool:
    """Let default metrics go if it is they that are at fault; tell whether they did."""
    of_metrics = isinstance(error, StrideError) and error.where == METRICS
    return of_metrics and assembly.leave_out_defaults(error.what)  # type: ignore[attr-defined]


def _whole_examples(data: Data) -> bool:
    """Let examples be whole batches from now on; tell whether some were not."""
    loaders = (data.train_loader, data.val_loader, data.test_loader, *data.extra_loaders.values())
    few = [one for one in loaders if one is not None and not one.whole]
    for one in few:
        one.whole = True
    return bool(few)


def last_batch(assembly: Assembly) -> LastBatch | None:
    """Return the smallest batch of a training; None where that is not known, or never reached."""
    batches, training = assembly.loader("train"), assembly.config.training_config
    _, steps = assembly.lengths
    try:
        whole = steps is None or steps * training.accumulate >= len(batches)
    except TypeError:
        return None
    if not whole:
        return None
    last = _smallest(batches, "training", DROP)
    return last and last._replace(finite=training.nonfinite != "skip")


def _last_evaluated(assembly: Assembly) -> LastBatch | None:
    """Return the smallest batch of the splits that are evaluated, None where it is not known."""
    data = assembly.data
    splits = {"val": data.val_loader if assembly.validates else None, "test": data.test_loader}
    found = [
        last
        for split, batches in splits.items()
        if batches is not None
        and (last := _smallest(batches, split_name(split), DROP_OF.format(split)))
    ]
    return min(found, default=None, key=attrgetter("size"))


def _smallest(batches: Batches, split: str, drop: str) -> LastBatch | None:
    if batches.min_batch_size is None:
        return None
    several = f" in each of {world_size()} processes" if world_size() > 1 else ""
    drop = "give the loader drop_last=True" if isinstance(batches, UserLoaderBatches) else drop
    return LastBatch(
        batches.min_batch_size,
        f"{batches.num_samples} {split} samples in batches of {batches.batch_size}{several}",
        f"{drop}, or another batch_size",
    )
