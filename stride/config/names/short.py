"""Short names of the config's dotted keys: one rule for what is typed and what is asked for."""

from collections.abc import Collection, Mapping

OF_CONSTRUCTORS: Mapping[str, str] = {
    "lr": "optimizer_kwargs",
    "weight_decay": "optimizer_kwargs",
    "momentum": "optimizer_kwargs",
    "num_workers": "load_data_kwargs",
    "drop_last": "load_data_kwargs",
}
"""Often typed keys that only a constructor declares, and their sections."""

_CHOICES = ("dataset", "model", "criterion", "optimizer", "scheduler")

ALIASES: Mapping[str, str] = {
    **{name: f"{name}_kwargs.{name}_name" for name in _CHOICES},
    "epochs": "training_config.max_epochs",
    "steps": "training_config.max_steps",
    "env": "rl_config.env_name",
    **{name: f"{section}.{name}" for name, section in OF_CONSTRUCTORS.items()},
}
"""Names that mean one key, whatever else ends alike."""


def meanings(name: str, keys: Collection[str]) -> list[str]:
    """Return which of some dotted keys a name may mean; a short one is clear if it is one.

    A whole key means itself and an alias its key; any other name means the keys of which it is
    the last part.
    """
    clear = [key for key in (name, ALIASES.get(name, name)) if key in keys]
    return clear[:1] or sorted(key for key in keys if key.endswith(f".{name}"))
