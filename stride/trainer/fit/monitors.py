"""Say which metrics a training follows, and refuse those that nothing gives."""

from collections.abc import Iterable, Sequence

from stride.callbacks.monitor import Monitor
from stride.config.metrics import canonical, infer_mode, metric_name
from stride.config.sections.training import TrainingConfig
from stride.errors import ConfigError, nearest


def saving_monitor(training: TrainingConfig, validated: bool) -> Monitor:
    """Return by which metric the best weights are chosen."""
    metric = training.saving_metric or training.stopping_metric or _default_metric(validated)
    same = metric == training.stopping_metric and training.saving_metric is None
    mode = training.saving_mode or (training.mode if same else None)
    return Monitor(metric, mode or infer_mode(metric))


def stopping_monitor(training: TrainingConfig, validated: bool) -> Monitor:
    """Return by which metric, and by how much of it, early stopping decides."""
    metric = training.stopping_metric or _default_metric(validated)
    mode = training.mode or infer_mode(metric)
    return Monitor(metric, mode, training.min_delta, training.delta_mode == "relative")


def _default_metric(validated: bool) -> str:
    return metric_name("validation" if validated else "train", "loss")


def evaluated_metrics(trained: Iterable[str], validated: Iterable[str]) -> list[str]:
    """Return under which names a training records what it evaluates in each epoch.

    Args:
        trained: what the training steps of an epoch come to.
        validated: what the validation split is evaluated to.
    """
    of_training = [metric_name("train", f"epoch_{name}") for name in trained]
    return [*of_training, *(metric_name("validation", name) for name in validated)]


def require_metric(metric: str, known: Sequence[str], key: str) -> None:
    """Refuse to follow a metric that no evaluation gives.

    Args:
        metric: its name.
        known: the names under which metrics are recorded.
        key: where the metric was named.

    Raises:
        ConfigError: names the metrics that are there.
    """
    if metric in known:
        return
    raise ConfigError(
        f"no metric {metric!r} is evaluated",
        key=key,
        where=key,
        hint=nearest(metric, known) or f"type one of: {', '.join(known)}",
    )


def missing_metric_hint(metric: str, seen: Iterable[str]) -> str:
    """Return what to type where a training recorded other metrics than the one it followed.

    Args:
        metric: the one that it followed.
        seen: the names of those that were recorded.

    Returns:
        The empty text where the metric was recorded, or nothing else of the validation split was.
    """
    seen = list(seen)
    others = [name for name in seen if name.startswith("validation/")]
    if metric in seen or not others:
        return ""
    if canonical(others[0]) == others[0]:
        return f"type: training_config.saving_metric={others[0]}"
    return f"call {others[0]} so"
