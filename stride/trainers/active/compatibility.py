"""Refuse what active learning could not do, before anything is trained."""

from collections.abc import Sequence
from typing import Any

from stride.active.calibration.temperature import require_temperature
from stride.active.pool.candidates import Candidates
from stride.active.pool.features import named_layer
from stride.active.pool.pool_reader import Reader
from stride.active.transferability.model_selection import require_selection
from stride.callbacks.monitor import Monitor
from stride.config.metrics import infer_mode, metric_name
from stride.config.schema import Config
from stride.config.sections.active import ActiveConfig
from stride.data import Data
from stride.data.batches.repeated import RepeatedBatches
from stride.data.batches.sampler import Order
from stride.data.samples import Source
from stride.distributed import world_size
from stride.errors import ConfigError, DataError
from stride.metrics.choice import read_choices
from stride.models.model import Model
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.open_sections import values_of


def check_active_config(assembly: Assembly) -> None:
    """Refuse keys of `active_config` that do not fit the model, the data or each other.

    Raises:
        ConfigError: names the key.
    """
    active, model = assembly.config.active_config, assembly.model
    if assembly.config.distributed_config.strategy == "fsdp" and world_size() > 1:
        key = "distributed_config.strategy"
        what = "a model that is divided among processes cannot be asked for scores yet"
        raise ConfigError(what, key=key, where=key, hint=f"type: {key}=flat")
    if assembly.config.optimizers:
        what = "a round of active learning renews one optimiser, and there are several"
        hint = "leave them out, and set optimizer_kwargs"
        raise ConfigError(what, key="optimizers", where="optimizers", hint=hint)
    _require_plain_data(assembly.config)
    _require_long_schedule(assembly.config)
    _require_no_forecast(assembly.config)
    if active.model_selection is not None:
        require_selection(active.model_selection, model.criterion)
    if active.temperature_scaling:
        require_temperature(model.criterion, validates=assembly.validates)
    candidates = candidates_of(model)
    if active.feature_layer is not None:
        for network in candidates.members if candidates is not None else [model.network]:
            named_layer(network, active.feature_layer)
    _require_all_gradients(assembly, candidates)
    weights, classes = active.class_weights, assembly.data.info.num_classes
    if isinstance(weights, list) and classes is not None and len(weights) != classes:
        key = "active_config.class_weights"
        raise ConfigError(f"{len(weights)} weights for {classes} classes", key=key, where=key)
    curve_monitor(assembly)


def _require_plain_data(config: Config) -> None:
    if config.dataset_kwargs.normalize_targets != "none":
        key = "dataset_kwargs.normalize_targets"
        what = "labels that are asked for are not normalised"
        raise ConfigError(what, key=key, where=key, hint=f"type: {key}=none")
    if config.dataset_kwargs.subsample_rate > 1:
        key = "dataset_kwargs.subsample_rate"
        what = "active learning would ask for the label of each repetition of a sample"
        raise ConfigError(what, key=key, where=key, hint=f"type: {key}=1")


def _require_long_schedule(config: Config) -> None:
    """Refuse a schedule that may be too short for the steps of a later round."""
    schedule = values_of(config.scheduler_kwargs)
    hyperbolic = schedule["scheduler_name"] in ("HyperbolicLR", "ExpHyperbolicLR")
    if hyperbolic and schedule["interval"] == "step":
        key = "scheduler_kwargs.interval"
        what = "a later round has more steps, which may be more than `upper_bound` of the schedule"
        raise ConfigError(what, key=key, where=key, hint=f"type: {key}=epoch")


def _require_no_forecast(config: Config) -> None:
    """Refuse the forecast of a loss: each round has a curve and a last epoch of its own."""
    if config.training_config.predict_final_loss:
        key = "training_config.predict_final_loss"
        what = "the loss of a training in rounds is not forecast: each round begins another curve"
        raise ConfigError(what, key=key, where=key, hint=f"type: {key}=false")


def curve_monitor(assembly: Assembly) -> Monitor:
    """Return by which metric rounds are compared: the chosen one, or the accuracy or loss.

    Raises:
        ConfigError: nothing tells which way of it is better.
    """
    active = assembly.config.active_config
    metric, key = active.metric or _default_metric(assembly), "active_config.metric_mode"
    return Monitor(metric, active.metric_mode or infer_mode(metric, key=key))


def _require_all_gradients(assembly: Assembly, candidates: Candidates | None) -> None:
    """Refuse ddp, which waits for the gradients of candidates that are not chosen."""
    distributed = assembly.config.distributed_config
    waits = distributed.strategy == "ddp" and not distributed.find_unused_parameters
    if world_size() > 1 and waits and candidates is not None and not candidates.together:
        key = "distributed_config.find_unused_parameters"
        what = "candidates that are not chosen have no gradients, which ddp has to be told"
        raise ConfigError(what, key=key, where=key, hint=f"type: {key}=true")


def _default_metric(assembly: Assembly) -> str:
    """Return the accuracy, where it is measured, else the loss: of the best split there is."""
    split = "test" if assembly.tests else "validation" if assembly.validates else "train"
    recorded = [one.recorded for one in read_choices(assembly.metric_names)]
    return metric_name(split, "accuracy" if "accuracy" in recorded else "loss")


def candidates_of(model: Model) -> Candidates | None:
    """Return the candidates, where the model has several networks."""
    return model.network if isinstance(model.network, Candidates) else None


def members_of(model: Model) -> list[Model]:
    """Return each candidate with the criterion, none where there is one network."""
    candidates = candidates_of(model)
    members = candidates.members if candidates is not None else []
    return [Model(network, model.criterion) for network in members]


def committee_of(model: Model) -> Sequence[Model]:
    """Return the candidates that are trained and answer together, none where one does."""
    candidates = candidates_of(model)
    return members_of(model) if candidates is not None and candidates.together else ()


def reader_of(source: Source, data: Data, config: Config) -> Reader:
    """Return what reads samples of the pool by their ids."""
    return Reader(
        source,
        values_of(config.load_data_kwargs),
        seed=config.seed,
        device=data.train_loader.device,  # type: ignore[union-attr]
        normalization=data.normalization,
    )


def order_of(data: Data) -> Order:
    """Return the order of the training samples, which can be that of some of them.

    Raises:
        DataError: the data has no samples to choose from.
        ConfigError: a sampler of the user's chooses them.
    """
    if isinstance(data.train_loader, RepeatedBatches):
        key = "training_config.overfit_batches"
        what = "active learning chooses the samples by itself"
        raise ConfigError(what, key=key, where=key, hint=f"type: {key}=null")
    order = getattr(data.train_loader, "order", None)
    if "train" not in data.sources or order is None:
        raise DataError(
            "a pool is needed whose samples can be chosen",
            where="dataset_kwargs.dataset_name",
            hint="active learning takes a dataset with __getitem__ and __len__, and no own loader",
        )
    if type(order) is not Order:
        raise ConfigError(
            "active learning chooses the samples by itself",
            key="load_data_kwargs.sampler",
            where="load_data_kwargs.sampler",
            hint="leave sampler and batch_sampler out",
        )
    return order


def smallest_of_rounds(
    active: ActiveConfig, order: Order, begun: int, whole: int
) -> dict[str, Any]:
    """Return the `size` of the smallest batch in the rounds that are planned, and `where` it is.

    Args:
        active: how many rounds, and how they grow.
        order: of the samples that are trained on.
        begun: how many are labelled now.
        whole: how many there are, labelled or not.
    """
    most = min(whole, active.budget or whole)
    sizes = [begun + number * active.num_queries for number in range(active.num_rounds + 1)]
    fewest = min((min(size, most) for size in sizes), key=order.min_batch_size_of)
    where = f"{fewest} labelled samples in batches of {order.batch_size}"
    return {"size": order.min_batch_size_of(fewest), "where": where}
