"""Open the dataset that `dataset_kwargs` names and divide it into its splits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isclass, signature
from typing import Any, Literal, get_args, get_origin

from stride.components import bind, find, parameters
from stride.config.sections.data import DatasetKwargs
from stride.data.array_dataset import ArrayDataset
from stride.data.batches.permutation import method
from stride.data.data_info import most_classes
from stride.data.files.read_cache import CACHE, read_files
from stride.data.samples import Source, StreamDataset, as_source
from stride.data.split import SPLITS, split_indices, subsample_indices
from stride.errors import ConfigError, DataError, nearest

OWN = DatasetKwargs.model_fields
TRANSFORMS = {"train": "transform", "val": "val_transform", "test": "test_transform"}
SPLITTING = ("val_fraction", "test_fraction", "split_seed")


@dataclass(frozen=True)
class OpenedDataset:
    """An opened dataset, divided into splits.

    Attributes:
        parts: the splits asked for that have samples; the training split is subsampled or repeated.
        extra: the further splits of `extra_splits`, where validation is asked for.
        counts: samples of every split that is known; None for a stream.
        name: the dataset's name, without the path of its module.
        classes: labels of the classes by code, where they have any.
        num_classes: how many classes there are in all that was opened, if any and if known.
        fingerprint: digest of the whole data, before it was divided.
        inferred: keys of `dataset_kwargs` that only the data could tell, for the record.
        permutation: the method by which so many samples are divided and ordered.
    """

    parts: Mapping[str, Source]
    extra: Mapping[str, Source]
    counts: Mapping[str, int | None]
    name: str
    classes: tuple[str, ...]
    num_classes: int | None
    fingerprint: str
    inferred: Mapping[str, Any]
    permutation: str


def resolve_dataset(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Check `dataset_kwargs` against the chosen constructor's signature, return it complete.

    Raises:
        ConfigError: a key or value that the constructor does not take, or fractions given for a
            dataset that splits itself.
        ComponentError: no such dataset.
    """
    own, free = _own_and_free(kwargs)
    constructor = _constructor(own["dataset_name"])
    if splits_itself(constructor):
        _refuse_fractions(own)
    for key in TRANSFORMS.values():
        if isinstance(own[key], str):
            find("transform", own[key])
    own["extra_splits"] = _resolved_extras(constructor, free, own["extra_splits"])
    return {**bind(constructor, free, section="dataset_kwargs", supplied=("split",)), **own}


def _resolved_extras(
    constructor: Callable[..., Any], free: Mapping[str, Any], splits: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of each further split, checked as those of the section are."""
    resolved = {}
    for name, values in splits.items():
        section = f"dataset_kwargs.extra_splits.{name}"
        chosen = {key: value for key, value in values.items() if key == "split"}
        other = {key: value for key, value in values.items() if key != "split"}
        _require_part(chosen.get("split", "val"), constructor, section)
        bound = bind(constructor, {**free, **other}, section=section, supplied=("split",))
        resolved[name] = {key: bound[key] for key in other} | chosen
    return resolved


def _require_part(part: Any, constructor: Callable[..., Any], section: str) -> None:
    """Refuse a part that a dataset cannot be divided into."""
    parts = _parts(constructor)
    if not parts or part in parts:
        return
    key, hint = f"{section}.split", nearest(str(part), parts) or f"type one of: {', '.join(parts)}"
    raise ConfigError(f"{key}={part!r} is no part of a dataset", key=key, where=key, hint=hint)


def _parts(constructor: Callable[..., Any]) -> tuple[str, ...]:
    """Return the parts that a dataset may be asked for; none where it does not say which."""
    if not splits_itself(constructor):
        return (*SPLITS, "all")
    annotation = parameters(constructor).named["split"].annotation
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def open_dataset(
    kwargs: Mapping[str, Any], splits: Sequence[str], *, ignored: int | None = None
) -> OpenedDataset:
    """Open the dataset of resolved `dataset_kwargs`, with the splits asked for.

    The target to be ignored, if any, is not a class.

    Raises:
        DataError: the data cannot be read or divided so.
    """
    own, free = _own_and_free(kwargs)
    constructor = _constructor(own["dataset_name"])
    name = _label(own["dataset_name"])
    if splits_itself(constructor):
        _refuse_fractions(own)
        whole = parts = _open_each(constructor, free, splits, name)
        counts = {split: _length(part) for split, part in parts.items()}
    else:
        source = as_source(_construct(constructor, free), name)
        whole, (parts, counts) = {"": source}, _divide(source, own, splits, name)
    if "train" in parts:
        parts = {**parts, "train": _subsample(parts["train"], own)}
        counts["train"] = _length(parts["train"])
    extra = _open_extra(constructor, free, own, name) if "val" in splits else {}
    return OpenedDataset(
        parts={split: CACHE.own(part) for split, part in parts.items()},
        extra={split: CACHE.own(part) for split, part in extra.items()},
        counts=counts,
        name=name,
        classes=next(iter(whole.values())).classes,
        num_classes=most_classes(whole.values(), ignored),
        fingerprint=CACHE.fingerprint({**whole, **extra}),
        inferred=_inferred(next(iter(whole.values())), free),
        permutation=method(max(_length(one) or 0 for one in whole.values())),
    )


def _own_and_free(kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return STRIDE's own keys, complete, and those of the constructor."""
    own = {key: kwargs.get(key, field.default) for key, field in OWN.items()}
    return own, {key: value for key, value in kwargs.items() if key not in OWN}


def _inferred(source: Source, free: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the data told of keys that were left open, of those that the dataset takes."""
    told: Mapping[str, Any] = source.inferred if isinstance(source, ArrayDataset) else {}
    partly = (type(None), Mapping)  # what was given of a table is in what was told
    return {key: value for key, value in told.items() if isinstance(free.get(key, ""), partly)}


def splits_itself(constructor: Callable[..., Any]) -> bool:
    """Tell whether a dataset is made once per split: whether it takes an argument `split`."""
    try:
        return "split" in signature(constructor).parameters
    except (TypeError, ValueError):  # some callables written in C do not tell
        return False


def _constructor(name: Any) -> Callable[..., Any]:
    return find("dataset", name) if isinstance(name, str) else name


def _construct(constructor: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    if isclass(constructor) and not {"__getitem__", "__iter__"} & {*dir(constructor)}:
        raise DataError(
            f"a {constructor.__name__} is not a dataset",
            where="dataset_kwargs.dataset_name",
            hint="name a class with __getitem__ and __len__, or a function that gives a dataset",
        )
    return read_files(constructor, arguments)


def _label(name: Any) -> str:
    text = name if isinstance(name, str) else getattr(name, "__qualname__", type(name).__name__)
    return str(text.rpartition(":")[2].rpartition(".")[2])


def _refuse_fractions(own: Mapping[str, Any]) -> None:
    for key in SPLITTING:
        if own[key] != OWN[key].default:
            raise ConfigError(
                f"dataset_kwargs.{key} has no effect: the dataset {_label(own['dataset_name'])} "
                "takes `split` and divides itself",
                key=f"dataset_kwargs.{key}",
                hint=f"leave {key} out",
            )


def _open_each(
    constructor: Callable[..., Any], free: Mapping[str, Any], splits: Sequence[str], name: str
) -> dict[str, Source]:
    made = {split: _construct(constructor, {**free, "split": split}) for split in splits}
    parts = {split: as_source(part, name) for split, part in made.items() if part is not None}
    if "train" in splits and "train" not in parts:
        raise DataError("there is no training split", where=f"dataset {name}(split='train')")
    return parts


def _divide(
    source: Source, own: Mapping[str, Any], splits: Sequence[str], name: str
) -> tuple[dict[str, Source], dict[str, int | None]]:
    if isinstance(source, StreamDataset):
        raise DataError(
            f"the stream {name} cannot be divided by fractions",
            where="dataset_kwargs.dataset_name",
            hint='give it an argument `split`, which is "train", "val" or "test"',
        )
    if not own["val_fraction"] and not own["test_fraction"]:
        undivided: dict[str, Source] = {"train": source} if "train" in splits else {}
        return undivided, {**dict.fromkeys(SPLITS, 0), "train": len(source)}
    indices = split_indices(
        len(source), own["val_fraction"], own["test_fraction"], own["split_seed"]
    )
    chosen = {split: indices[split] for split in splits if len(indices[split])}
    counts: dict[str, int | None] = {split: len(indices[split]) for split in SPLITS}
    return {split: source.select(part) for split, part in chosen.items()}, counts


def _open_extra(
    constructor: Callable[..., Any], free: Mapping[str, Any], own: Mapping[str, Any], label: str
) -> dict[str, Source]:
    """Open the further splits: the same part of other data, the validation part by default."""
    opened = {}
    for name, values in own["extra_splits"].items():
        arguments = {**free, **values}
        part = arguments.pop("split", "val")
        if splits_itself(constructor):
            opened[name] = as_source(_construct(constructor, {**arguments, "split": part}), label)
            continue
        whole = as_source(_construct(constructor, arguments), label)
        parts = {"all": whole} if part == "all" else _divide(whole, own, [part], label)[0]
        if part not in parts:
            what, where = "the split has no samples", f"dataset_kwargs.extra_splits.{name}"
            raise DataError(what, where=where, hint=f"type {where}.split=all, or another part")
        opened[name] = parts[part]
    return opened


def _subsample(source: Source, own: Mapping[str, Any]) -> Source:
    rate = own["subsample_rate"]
    if rate == 1:
        return source
    if isinstance(source, StreamDataset):
        raise DataError(
            "a stream cannot be subsampled or repeated",
            where="dataset_kwargs.subsample_rate",
            hint="type subsample_rate=1",
        )
    return source.select(subsample_indices(len(source), rate, own["subsample_seed"]))


def _length(source: Source) -> int | None:
    return None if isinstance(source, StreamDataset) else len(source)


def find_transforms(kwargs: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """Return the transforms that `dataset_kwargs` names, by the split whose samples they change."""
    found = {split: find_transform(kwargs.get(key)) for split, key in TRANSFORMS.items()}
    return {split: transform for split, transform in found.items() if transform is not None}


def find_transform(transform: Any) -> Callable[..., Any] | None:
    """Return the per-sample transform: a callable, found by import path; a class is called."""
    found: Any = find("transform", transform) if isinstance(transform, str) else transform
    made: Any = found() if isclass(found) else found
    return made  # type: ignore[no-any-return]
