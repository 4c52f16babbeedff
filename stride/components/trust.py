"""Refuse import paths that a folder names without trust, before any is imported.

What this process was given by argument, override, config file or object is the user's word. What
was found in a folder, a run's config or a work_dir's, may be somebody else's: it is followed under
the user's own signature, or by their word.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from stride.config import Layer, Resolved
from stride.config.import_paths import import_paths
from stride.config.names.outline import file_of
from stride.config.values import plain
from stride.errors import UserError
from stride.runs.layout import RunPaths
from stride.runs.signing.signature import (
    sign_run,
    sign_work_dir,
    vouched_run,
    vouched_work_dir,
)


class Trust:
    """Which import paths may be imported: those given to this process, or trusted by the user.

    Args:
        word: whether the user vouches for all folders that are taken up.
    """

    def __init__(self, word: bool = False) -> None:
        self._word, self._given = word, set[str]()

    def require(
        self,
        resolved: Resolved,
        *,
        word: bool = False,
        only: Collection[str] | None = None,
        without: Collection[str] = (),
    ) -> None:
        """Refuse import paths that a folder names without its owner's word; import nothing.

        Paths that pass are this process's own from then on.

        Args:
            resolved: the config that is to be built.
            word: whether the user vouches for its folder; it is signed then.
            only: the keys that are followed now, None for all.
            without: keys whose paths are not followed, as an object takes their place.

        Raises:
            UserError: lists the paths, the file that names them, and what to type.
        """
        roots = {key.partition(".")[0] for key in only or ()}  # the others need not be walked
        followed = {key: part for key, part in resolved.config if not only or key in roots}
        named = {
            key: path
            for key, path in import_paths(plain(followed)).items()
            if key not in without and (not only or key in only)
        }
        self._given |= _given_by(resolved.layers)
        for layer in resolved.layers:
            if layer.folder is not None:
                left = {k: path for k, path in named.items() if path not in self._given}
                _require_of(layer.folder, layer, _held(layer, left), word or self._word)
        self._given |= set(named.values())


def _require_of(folder: Path, layer: Layer, asked: Mapping[str, str], word: bool) -> None:
    """Refuse what one folder names, or sign it where the user vouches for it."""
    if not (asked or word):
        return
    config = layer.run_config
    known = vouched_work_dir(folder) if config is None else vouched_run(folder, config)
    left = {key: path for key, path in asked.items() if path not in known.paths}
    if word and config is not None:
        if known.fault:
            sign_run(folder, config)
    elif word and left:
        sign_work_dir(folder, import_paths(layer.values))
    elif left:
        raise _refused(folder, left, known.fault)


def require_signed(folder: Path, code: Mapping[str, str], *, word: bool) -> None:
    """Refuse to run the code that a run folder records without the user's word.

    Args:
        folder: the run's.
        code: file name -> digest of what was read of that code.
        word: whether the user vouches for it; the run is signed then.

    Raises:
        UserError: the run is not signed by the user.
    """
    if word:
        sign_run(folder)
    elif fault := vouched_run(folder, code=code).fault:
        raise UserError(
            f"the recorded code of this run would be executed, and it is {fault}",
            where=str(folder),
            hint="read it, then type the same with --trust",
        )


def _given_by(layers: Iterable[Layer]) -> set[str]:
    """Return the import paths that this process was given."""
    own = (layer.values for layer in layers if layer.folder is None)
    return {path for values in own for path in import_paths(plain(values)).values()}


def _held(layer: Layer, named: Mapping[str, str]) -> dict[str, str]:
    """Return those of the import paths that a layer holds."""
    paths = {*import_paths(plain(layer.values)).values()}
    return {key: path for key, path in named.items() if path in paths}


def _refused(folder: Path, asked: Mapping[str, str], fault: str) -> UserError:
    listed = ", ".join(f"{key}={path} ({file_of(path)})" for key, path in asked.items())
    return UserError(
        f"this config names code to import and is {fault}: {listed}",
        where=str(RunPaths(folder).config),
        hint="if you know what that runs, type the same with --trust; in Python: trust_code=True",
    )
