"""Other spellings that input may use, folded into the one name that the config has.

    training_config.device           device
    training_config.results_dir      work_dir, as results_dir/experiment
    training_config.use_milestones   checkpoint_config.every_epochs and keep_every
    training_config.save_best=false  checkpoint_config.keep_best=0
    format_version=2                 nothing: the config.json of a run carries it

The first and the last are folded in each layer, since a stronger layer may say `device`; the
others when all layers are merged, since each needs values that another layer may hold.
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from stride.config.values import show
from stride.errors import ConfigError
from stride.installed import upgrade_hint
from stride.version import FORMAT_VERSION

EXPERIMENT = "default"
MILESTONE_EVERY = 10
KEEP_BEST = 1

TEXT_ALIASES = ("training_config.device", "training_config.results_dir")
DERIVED_FROM = {
    "device": "training_config.device",
    "work_dir": "training_config.results_dir",
    "checkpoint_config.every_epochs": "training_config.use_milestones",
    "checkpoint_config.keep_every": "training_config.use_milestones",
    "checkpoint_config.keep_best": "training_config.save_best",
    "training_config.save_best": "checkpoint_config.keep_best",
}

Tree = dict[str, Any]


def fold_layer(given: Mapping[str, Any]) -> Tree:
    """Return one layer's values with `device` in its place and no long form that repeats a short.

    A resolved config holds both forms; as a layer it would contradict a stronger layer that
    changes the short one.

    Raises:
        ConfigError: the layer names two different devices, or is of a newer STRIDE.
    """
    given = _unversioned(given)
    tree, training, checkpoint = _open(given)
    device = training.pop("device", None)
    if device is not None:
        _put(tree, "", "device", device, "training_config.device")
    if training.get("use_milestones") is True:
        every = training.get("milestone_every", MILESTONE_EVERY)
        for name in ("every_epochs", "keep_every"):
            if checkpoint.get(name) == every:
                del checkpoint[name]
    if training.get("save_best") is False and checkpoint.get("keep_best") == 0:
        del checkpoint["keep_best"]
    elif training.get("save_best") is True and checkpoint.get("keep_best") == KEEP_BEST:
        del training["save_best"], checkpoint["keep_best"]
    return _closed(given, tree, training, checkpoint)


def fold_config(merged: Mapping[str, Any]) -> Tree:
    """Return a whole config's values with every short form written out.

    Raises:
        ConfigError: a short form and its long form are both given and different.
    """
    tree, training, checkpoint = _open(fold_layer(merged))
    results_dir = training.pop("results_dir", None)
    if results_dir is not None and not isinstance(results_dir, str):
        key = "training_config.results_dir"
        raise ConfigError(f"{key} must be text, not {show(results_dir)}", key=key)
    if results_dir is not None:
        _put(tree, "", "work_dir", work_dir_of(merged), "training_config.results_dir")
    if training.get("use_milestones") is True:
        every = training.get("milestone_every", MILESTONE_EVERY)
        for name in ("every_epochs", "keep_every"):
            _put(checkpoint, "checkpoint_config", name, every, "training_config.use_milestones")
    if training.get("save_best") is False:
        _put(checkpoint, "checkpoint_config", "keep_best", 0, "training_config.save_best")
    if checkpoint.get("keep_best", KEEP_BEST) == 0:
        _put(training, "training_config", "save_best", False, "checkpoint_config.keep_best")
    return _closed(merged, tree, training, checkpoint)


def work_dir_of(merged: Mapping[str, Any]) -> Any:
    """Return the work_dir that nested values ask for: results_dir/experiment, else work_dir."""
    training = merged.get("training_config")
    if not isinstance(training, Mapping) or not isinstance(training.get("results_dir"), str):
        return merged.get("work_dir")
    return str(PurePath(training["results_dir"], str(training.get("experiment", EXPERIMENT))))


def _unversioned(given: Mapping[str, Any]) -> Tree:
    """Return the values without the format_version that a run's config.json carries.

    Raises:
        ConfigError: it is not that of this STRIDE.
    """
    version, key = given.get("format_version", FORMAT_VERSION), "format_version"
    if type(version) is int and version > FORMAT_VERSION:
        what = f"the config was written by a newer STRIDE (format {version}, not {FORMAT_VERSION})"
        raise ConfigError(what, key=key, hint=upgrade_hint())
    if type(version) is not int or version < 1:
        what = f"{key} must be 1 to {FORMAT_VERSION}, not {show(version)}"
        raise ConfigError(what, key=key, hint="leave it out")
    return {name: value for name, value in given.items() if name != key}


def _open(given: Mapping[str, Any]) -> tuple[Tree, Tree, Tree]:
    """Return copies of the values and of the two sections; a section of a wrong type is empty."""
    sections = (given.get("training_config"), given.get("checkpoint_config"))
    training, checkpoint = (dict(s) if isinstance(s, Mapping) else {} for s in sections)
    return dict(given), training, checkpoint


def _closed(given: Mapping[str, Any], tree: Tree, training: Tree, checkpoint: Tree) -> Tree:
    """Put the two sections back, unless the input had something there that is not a section."""
    for name, section in (("training_config", training), ("checkpoint_config", checkpoint)):
        if isinstance(given.get(name), Mapping) or (section and name not in given):
            tree[name] = section
    return tree


def _put(table: Tree, section: str, name: str, value: Any, short: str) -> None:
    key = f"{section}.{name}" if section else name
    if table.get(name) not in (None, value):
        what = f"{short} asks for {key}={show(value)}, but {key} is {show(table[name])}"
        raise ConfigError(what, key=key, hint="leave out one of the two")
    table[name] = value
