"""What is allowed in a config and hardly meant: told before a training, never refused."""

from collections.abc import Callable, Iterator, Mapping
from operator import ge, gt, lt
from typing import Any, NamedTuple

from stride.components import edited_file
from stride.config.resolve import Resolved
from stride.config.secrets import secret_keys
from stride.config.sections.training import TrainingConfig
from stride.config.values import plain
from stride.trainer.fit.assembly import Assembly, validates
from stride.trainer.fit.component_sources import used_by
from stride.trainer.fit.open_sections import values_of


class ConfigWarning(NamedTuple):
    """Hold when a number of the config is odd beside what the training has of its unit.

    Attributes:
        key: the dotted key; of a list the largest number counts.
        is_odd: takes its value and how many of the unit there are.
        unit: epochs, steps, batches in an epoch, evaluations; "" for what a schedule is stepped by.
        words: what comes of it.
        where: for which configs it holds, as a key and the value that it has; None where its
            own is not the default.
    """

    key: str
    is_odd: Callable[[float, float], bool]
    unit: str
    words: str
    where: tuple[str, Any] | None = None


def _of_schedule(
    name: str, key: str, is_odd: Callable[[float, float], bool], words: str
) -> ConfigWarning:
    place = ("scheduler_kwargs.scheduler_name", name)
    return ConfigWarning(f"scheduler_kwargs.{key}", is_odd, "", words, place)


_STOPS = ("training_config.early_stopping", True)
_NEVER_FALLS = "the learning rate never changes"
_STAYS = "the learning rate stays as it is after it"
_CUT_OFF = "the training ends before the schedule does"
_WARM_UP = "the warm-up is longer than the training"

CAUTIONS = (
    ConfigWarning("training_config.patience", ge, "evaluations", "it never stops early", _STOPS),
    ConfigWarning("training_config.log_interval", gt, "steps", "no interval is reported"),
    ConfigWarning(
        "training_config.evaluate_every", gt, "epochs", "it is evaluated at the end alone"
    ),
    ConfigWarning(
        "training_config.evaluate_every_steps", gt, "steps", "it is evaluated at ends of epochs"
    ),
    ConfigWarning("training_config.accumulate", gt, "batches in an epoch", "no step has so many"),
    ConfigWarning("training_config.digest_every", gt, "steps", "no digest is written"),
    ConfigWarning("checkpoint_config.every_epochs", gt, "epochs", "it is written at the end alone"),
    ConfigWarning("checkpoint_config.every_steps", gt, "steps", "it is written at the end alone"),
    ConfigWarning(
        "average_config.decay",
        lambda decay, steps: decay**steps > 0.5,
        "steps",
        "most of the average are still the first weights",
        ("average_config.kind", "ema"),
    ),
    ConfigWarning("average_config.start_step", ge, "steps", "nothing is averaged"),
    ConfigWarning("average_config.every_steps", gt, "steps", "nothing is averaged"),
    _of_schedule("CosineAnnealingLR", "T_max", lt, "the learning rate rises again after it"),
    _of_schedule("CosineAnnealingLR", "T_max", gt, _CUT_OFF),
    _of_schedule("CosineAnnealingWarmRestarts", "T_0", gt, _CUT_OFF),
    _of_schedule("StepLR", "step_size", ge, _NEVER_FALLS),
    _of_schedule("MultiStepLR", "milestones", ge, "the last is never reached"),
    _of_schedule("ConstantLR", "total_iters", gt, _WARM_UP),
    _of_schedule("LinearLR", "total_iters", gt, _WARM_UP),
    _of_schedule("PolynomialLR", "total_iters", gt, _CUT_OFF),
    _of_schedule("PolynomialLR", "total_iters", lt, "the learning rate is 0 after it"),
    _of_schedule("OneCycleLR", "total_steps", gt, _CUT_OFF),
    _of_schedule("OneCycleLR", "total_steps", lt, "it fails after its last step"),
    _of_schedule("CyclicLR", "step_size_up", gt, _CUT_OFF),
    _of_schedule("HyperbolicLR", "max_iter", gt, _CUT_OFF),
    _of_schedule("HyperbolicLR", "max_iter", lt, _STAYS),
    _of_schedule("ExpHyperbolicLR", "max_iter", gt, _CUT_OFF),
    _of_schedule("ExpHyperbolicLR", "max_iter", lt, _STAYS),
    _of_schedule("ReduceLROnPlateau", "patience", ge, _NEVER_FALLS),
)


def config_warnings(assembly: Assembly) -> list[str]:
    """Return a line for each thing in a training's config and code that is hardly meant."""
    counts = _counts(assembly)
    rows = [*CAUTIONS, *_of_warm_ups(assembly)]
    told = [line for row in rows if (line := _line(row, assembly.resolved, counts))]
    resolved = assembly.resolved
    told += [*_left_out(assembly), *_without_effect(assembly)]
    return [*told, *_secrets(resolved), *_edited(assembly)]


def _counts(assembly: Assembly) -> dict[str, int | None]:
    """Return how many of each unit the training has, None where that is unknown."""
    config, data = assembly.config, assembly.data
    epochs, steps = assembly.lengths
    interval = {"step": steps, "epoch": epochs}.get(config.scheduler_kwargs.interval or "")
    try:
        batches: int | None = len(data.train_loader)  # type: ignore[arg-type]
    except TypeError:
        batches = None
    return {
        "epochs": epochs,
        "steps": steps,
        "evaluations": _evaluations(config.training_config, epochs, steps),
        "batches in an epoch": batches,
        "": interval,
    }


def _evaluations(training: TrainingConfig, epochs: int | None, steps: int | None) -> int | None:
    """Return how many evaluations a training has, None where that is unknown."""
    if epochs is None:
        return None
    every = training.evaluate_every_steps
    return -(-epochs // training.evaluate_every) + ((steps or 0) // every if every else 0)


def _line(row: ConfigWarning, resolved: Resolved, counts: Mapping[str, int | None]) -> str:
    value, count = _number(_value(resolved, row.key)), counts[row.unit]
    if value is None or count is None or not _holds(row, resolved):
        return ""
    unit = row.unit or f"{resolved.config.scheduler_kwargs.interval}s"
    told = f"{row.key}={_value(resolved, row.key)} and {count} {unit if count != 1 else unit[:-1]}"
    return f"{told}: {row.words}" if row.is_odd(value, count) else ""


def _holds(row: ConfigWarning, resolved: Resolved) -> bool:
    if row.where is None:
        return _is_chosen(resolved, row.key)
    key, wanted = row.where
    value = _value(resolved, key)
    return bool((value.rpartition(":")[2] if isinstance(value, str) else value) == wanted)


def _is_chosen(resolved: Resolved, key: str) -> bool:
    """Tell whether a key of the schema has another value than its default."""
    section, _, name = key.partition(".")
    fields = type(getattr(resolved.config, section)).model_fields
    return bool(_value(resolved, key) != fields[name].default)


def _of_warm_ups(assembly: Assembly) -> Iterator[ConfigWarning]:
    """Yield a row for each argument of that name; the schedule may be the user's own."""
    values = values_of(assembly.config.scheduler_kwargs)
    chosen = str(values["scheduler_name"]).rpartition(":")[2]
    for name in values:
        if "warmup" in name.replace("_", "").lower():
            yield _of_schedule(chosen, name, gt, _WARM_UP)


def _left_out(assembly: Assembly) -> Iterator[str]:
    """Yield a line for the metrics that are measured by default, and are not here."""
    if assembly.left_out:
        yield (
            f"nothing measures {assembly.left_out}; to have it, let the step return "
            "Step(loss, size, outputs, targets); training_config.metrics=[] says that none is meant"
        )


def _without_effect(assembly: Assembly) -> Iterator[str]:
    resolved, training = assembly.resolved, assembly.config.training_config
    key = "training_config.patience"
    if _is_chosen(resolved, key) and not training.early_stopping:
        yield f"{key}={training.patience} without training_config.early_stopping: it does nothing"
    key = "training_config.evaluate_batches"
    if _is_chosen(resolved, key) and not validates(assembly.config, assembly.data, assembly.kind):
        yield f"{key}={training.evaluate_batches} and nothing is validated: it does nothing"


def _secrets(resolved: Resolved) -> Iterator[str]:
    """Yield a line for each value that the run's config holds and other records leave out."""
    for key in secret_keys(plain(resolved.config)):
        yield (
            f"{key} is written into config.json as it is, by which the run resumes: if it is a "
            "secret, leave it out and have your code read an environment variable"
        )


def _edited(assembly: Assembly) -> Iterator[str]:
    """Yield a line for each class whose file has changed since it was imported."""
    for use, one in used_by(assembly).items():
        if file := edited_file(one):
            yield (
                f"{file} was edited after {one.__qualname__} ({use}) was imported from it: the "
                "older class trains, and its source is not recorded"
            )


def _value(resolved: Resolved, key: str) -> Any:
    section, _, name = key.partition(".")
    return dict(getattr(resolved.config, section)).get(name)  # with the constructor's arguments


def _number(value: Any) -> float | None:
    if isinstance(value, list):
        return max(filter(None, map(_number, value)), default=None)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None
