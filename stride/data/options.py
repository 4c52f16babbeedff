"""Check and read `load_data_kwargs`: STRIDE's own keys, and what torch's DataLoader takes."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import isclass
from typing import Any

from torch.utils.data import DataLoader

from stride.components import bind, find, parameters
from stride.config.sections.data import LoadDataKwargs
from stride.data.split import SPLITS
from stride.distributed import world_size
from stride.errors import ComponentError, ConfigError

SECTION = "load_data_kwargs"
OWN = ("batch_size", "global_batch_size", "shuffle", "in_memory")
NESTED = tuple(f"{split}_loader_kwargs" for split in SPLITS)
OBJECTS = ("sampler", "batch_sampler", "collate_fn", "worker_init_fn")  # given by import path
TRAIN_ONLY = ("shuffle", "drop_last", "sampler", "batch_sampler")
REFUSED = {
    "dataset": "choose it by dataset_kwargs.dataset_name",
    "generator": "loaders are seeded by seed, so that a resumed run sees the same batches",
}


@dataclass(frozen=True)
class LoaderOptions:
    """The loader options of one split.

    Attributes:
        split: `train`, `val` or `test`.
        batch_size: samples in a batch.
        shuffle: whether each epoch has an order of its own.
        drop_last: whether a smaller last batch is left out.
        in_memory: whether data is kept in memory; None: where it is there anyway.
        objects: the user's sampler, batch_sampler, collate_fn and worker_init_fn, found.
        torch: what else DataLoader is given.
    """

    split: str
    batch_size: int
    shuffle: bool
    drop_last: bool
    in_memory: bool | None
    objects: Mapping[str, Any]
    torch: Mapping[str, Any]

    @property
    def sample_by_sample(self) -> bool:
        """Tell whether batches must be made by DataLoader, sample by sample."""
        slow = {"batch_sampler", "collate_fn"} & self.objects.keys()
        return bool(slow or self.torch.get("num_workers")) or self.in_memory is False


def resolve_loader(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Check `load_data_kwargs` against DataLoader's signature and return it complete.

    The three sections by split are returned with the keys that they were given, no more.

    Raises:
        ConfigError: a key or value that DataLoader does not take.
    """
    nested = {name: dict(kwargs.get(name) or {}) for name in NESTED}
    own = {key: kwargs.get(key, LoadDataKwargs.model_fields[key].default) for key in OWN}
    free = {key: value for key, value in kwargs.items() if key not in (*NESTED, *OWN)}
    given = {SECTION: free, **{f"{SECTION}.{name}": values for name, values in nested.items()}}
    bound, wrong = {}, []
    for section, values in given.items():
        try:
            bound[section] = _bound(values, section)
        except ConfigError as error:
            wrong.append(error)
    if wrong:
        raise ConfigError.combine(wrong)
    resolved = {**bound[SECTION], **own}
    for name, values in nested.items():
        resolved[name] = {key: bound[f"{SECTION}.{name}"][key] for key in values}
    for split in SPLITS:
        _try(loader_options(resolved, split), split)
    return resolved


def _bound(values: Mapping[str, Any], section: str) -> dict[str, Any]:
    for key in sorted(REFUSED.keys() & values.keys()):
        name = f"{section}.{key}"
        raise ConfigError(f"{name} cannot be given", key=name, hint=REFUSED[key])
    objects = {key: values[key] for key in OBJECTS if values.get(key) not in (None, "null")}
    own = {"in_memory": _switch(values["in_memory"], section)} if "in_memory" in values else {}
    free = {key: v for key, v in values.items() if key not in (*OBJECTS, "in_memory")}
    bound = bind(DataLoader, free, section=section, supplied=("dataset", "generator"))
    for key in REFUSED:
        bound.pop(key, None)
    return {**bound, **dict.fromkeys(OBJECTS), **objects, **own}


def _switch(value: Any, section: str) -> bool | None:
    """Read in_memory where it stands in a section whose fields have no types."""
    found = {"true": True, "false": False, "null": None}.get(value, value)
    if found is None or isinstance(found, bool):
        return found
    key = f"{section}.in_memory"
    raise ConfigError(f"{key}={value!r} is neither", key=key, hint="type true, false or null")


def _try(options: LoaderOptions, split: str) -> None:
    """Let DataLoader itself refuse what does not go together, as prefetch without workers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            DataLoader([0], options.batch_size, **options.torch)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        where = f"for the {split} split"
        raise ConfigError(f"{SECTION}: {error}", key=SECTION, where=where) from None


def loader_options(loader: Mapping[str, Any], split: str) -> LoaderOptions:
    """Return the options of one split: the common ones, those for it alone on top.

    Shuffling, samplers and the dropping of a last batch are meant for training; the other
    splits have them only where their own section says so.
    """
    extra = dict(loader.get(f"{split}_loader_kwargs") or {})
    common = {key: value for key, value in loader.items() if key not in NESTED}
    if split != "train":
        common = {key: value for key, value in common.items() if key not in TRAIN_ONLY}
    if common.pop("global_batch_size", None) is not None:
        common["batch_size"] = _per_process(loader["global_batch_size"])
    values = {**common, **extra}
    default = LoadDataKwargs.model_fields
    named = {key: values.pop(key, None) for key in OBJECTS}
    objects = {key: _found(key, value) for key, value in named.items() if value is not None}
    return LoaderOptions(
        split=split,
        batch_size=values.pop("batch_size", default["batch_size"].default),
        shuffle=bool(values.pop("shuffle", split == "train")),
        drop_last=bool(values.pop("drop_last", False)),
        in_memory=values.pop("in_memory", None),
        objects=objects,
        torch=_changed(values),
    )


def _per_process(global_batch_size: int) -> int:
    """Return a process's part of a batch."""
    size, rest = divmod(global_batch_size, world_size())
    if rest or not size:
        key, near = f"{SECTION}.global_batch_size", max(1, size) * world_size()
        what = f"{key}={global_batch_size} cannot be divided by {world_size()} processes"
        raise ConfigError(what, key=key, hint=f"type: {key}={near}")
    return size


def _found(key: str, value: Any) -> Any:
    if callable(value) or (isinstance(value, list) and key.endswith("sampler")):
        return value  # the object, or the numbers themselves
    if not isinstance(value, str) or ":" not in value:
        what, hint = f"{value!r} is not an import path", "write it as package.module:Name"
        raise ComponentError(what, where=f"{SECTION}.{key}", hint=hint)
    return find("transform", value)


def _changed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop DataLoader's defaults: another version of torch may not know them."""
    known = parameters(DataLoader).named
    return {
        key: value
        for key, value in values.items()
        if value is not None and (key not in known or value != known[key].default)
    }


def build_sampler(thing: Any, dataset: Any) -> Any:
    """Return a sampler as it is, or made by a class or function from the dataset."""
    return thing if hasattr(thing, "__iter__") and not isclass(thing) else thing(dataset)
