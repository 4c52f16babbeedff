"""Metrics for Weights & Biases, offline unless there is a key."""

import inspect
import json
import os
import re
from collections.abc import Mapping
from html import escape
from importlib.util import find_spec
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stride.config.secrets import mask_values
from stride.errors import ConfigError, MissingExtra, nearest
from stride.loggers.base import KEY, Logger, Row, numbers_of
from stride.runs.files.atomic import read_record
from stride.runs.files.encoding import as_utf8
from stride.runs.layout import RunPaths

_NOT_IN_PROJECTS, _LONGEST = re.compile(r"[/\\#?%:]"), 128  # of wandb.Settings, 0.31

SECTION = "logging_config.wandb_kwargs"
# What STRIDE gives itself, and why: of settings a config that somebody else wrote could name the
# server that is sent the user's key.
GIVEN = {
    "dir": "leave it out",
    "config": "leave it out",
    "settings": "set wandb's variables in the environment, as WANDB_BASE_URL",
}


class WandbLogger(Logger):
    """Write rows with wandb, its files in the run's own folder.

    Without a mode in wandb_kwargs or WANDB_MODE, and without an API key in WANDB_API_KEY or
    ~/.netrc, the mode is offline: `wandb sync` sends the run later. Its id is the uuid of the run,
    so that a resumed run continues as the same one.

    Args:
        wandb_kwargs: arguments for wandb.init.

    Raises:
        MissingExtra: wandb is not installed.
        ConfigError: wandb.init does not take a key.
    """

    def __init__(self, wandb_kwargs: Mapping[str, Any] | None = None) -> None:
        self._kwargs = dict(wandb_kwargs or {})
        _refuse_given(self._kwargs)
        if find_spec("wandb") is None:
            raise MissingExtra("wandb", "wandb", where=KEY)
        if self._kwargs:
            _check(self._kwargs)

    def open(self, paths: RunPaths, config: Mapping[str, Any]) -> None:
        """Start a wandb run, in the project of the work_dir's name, under the run's name."""
        import wandb  # type: ignore[import-not-found, unused-ignore]

        defaults = {
            "project": project(paths),
            "name": paths.name,
            "id": read_record(paths.status)["uuid"],
            "mode": os.environ.get("WANDB_MODE") or _default_mode(),
            "resume": "allow",
            "settings": wandb.Settings(silent=True, console="off"),
        }
        self._step = 0
        paths.wandb.mkdir(exist_ok=True)
        self._run = wandb.init(
            **{**defaults, **self._kwargs}, dir=str(paths.path), config=mask_values(config)
        )

    def write(self, row: Row) -> None:
        """Log the row's numbers at its step."""
        self._step = int(row["step"])
        self._run.log(numbers_of(row), step=self._step)

    def write_artifact(self, row: Row, path: Path) -> None:
        """Log an image, text or histogram at its step, or the newest where wandb has passed it."""
        self._step = max(self._step, int(row["step"]))
        self._run.log({row["name"]: media(row["kind"], path)}, step=self._step)

    def close(self) -> None:
        """Finish the wandb run."""
        self._run.finish()


def project(paths: RunPaths) -> str:
    """Return the name of a run's work_dir, as wandb lets a project be called."""
    return _NOT_IN_PROJECTS.sub("-", as_utf8(paths.path.parent.name))[:_LONGEST] or "stride"


def media(kind: str, path: Path) -> Any:
    """Return an artifact as wandb shows it."""
    import wandb  # type: ignore[import-not-found, unused-ignore]

    if kind in ("image", "figure"):
        return wandb.Image(str(path))
    if kind == "text":
        return wandb.Html(f"<pre>{escape(path.read_text(errors='replace'))}</pre>", inject=False)
    found = json.loads(path.read_bytes())
    return wandb.Histogram(np_histogram=(found["counts"], found["edges"]))


def _refuse_given(kwargs: Mapping[str, Any]) -> None:
    for name in kwargs:
        if name in GIVEN:
            raise ConfigError(
                f"{SECTION}.{name} is given by STRIDE itself",
                key=f"{SECTION}.{name}",
                hint=GIVEN[name],
            )


def _check(kwargs: Mapping[str, Any]) -> None:
    import wandb  # type: ignore[import-not-found, unused-ignore]

    known = [name for name in inspect.signature(wandb.init).parameters if name not in GIVEN]
    for name in kwargs:
        if name not in known:
            raise ConfigError(
                f"wandb.init takes no {SECTION}.{name}",
                key=f"{SECTION}.{name}",
                hint=nearest(name, known) or "project, entity, tags, group and mode are some",
            )


def _default_mode() -> str:
    """Return online where a key is to be found without asking for one, else offline."""
    return "online" if os.environ.get("WANDB_API_KEY") or _in_netrc() else "offline"


def _in_netrc() -> bool:
    server = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    try:
        hosts = netrc(os.environ.get("NETRC")).hosts
    except (OSError, NetrcParseError):
        return False
    return urlsplit(server).hostname in hosts
