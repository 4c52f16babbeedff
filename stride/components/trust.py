"""Refuse import paths that a folder names and nobody vouches for, before any is imported.

What this process was given by argument, override, config file or object is the user's word. What
was found in a folder, a run's config or a work_dir's, may be somebody else's: it is followed under
the user's own signature, or by their word.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from stride.components.imports import file_of
from stride.config import Layer, Resolved
from stride.config.import_paths import import_paths
from stride.config.values import plain
from stride.errors import UserError
from stride.runs.layout import RunPaths
from stride.runs.signing.signature import sign_run, sign_work_dir, vouched


class Trust:
    """What may be imported: what this process was given, and what the user vouches for.

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
        named = import_paths(plain(resolved.config))
        named = {k: p for k, p in named.items() if k not in without and (not only or k in only)}
        self._given |= _given_by(resolved.layers)
        for layer in resolved.layers:
            if layer.folder is not None:
                left = {k: path for k, path in named.items() if path not in self._given}
                self._require_of(layer.folder, _held(layer, left), word or self._word)
        self._given |= set(named.values())

    def _require_of(self, folder: Path, asked: Mapping[str, str], word: bool) -> None:
        """Refuse what one folder names, or sign it where the user vouches for it."""
        known = vouched(folder)
        left = {key: path for key, path in asked.items() if path not in known.paths}
        if word and (left or (known.fault and _is_run(folder))):
            _sign(folder)
        elif left:
            raise _refused(folder, left, known.fault)


def require_signed(folder: Path, what: str, *, word: bool) -> None:
    """Refuse to run what a run folder holds, whatever it names, without the user's word.

    Raises:
        UserError: the run is not signed by the user.
    """
    if word:
        sign_run(folder)
    elif fault := vouched(folder).fault:
        raise UserError(
            f"{what} of this run would be executed, and it is {fault}",
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


def _sign(folder: Path) -> None:
    if _is_run(folder):
        sign_run(folder)
    else:
        from stride.config import work_dir_layer

        sign_work_dir(folder, import_paths(work_dir_layer(str(folder)).values))


def _is_run(folder: Path) -> bool:
    return RunPaths(folder).status.exists()


def _refused(folder: Path, asked: Mapping[str, str], fault: str) -> UserError:
    listed = ", ".join(f"{key}={path} ({file_of(path)})" for key, path in asked.items())
    return UserError(
        f"this config names code to import and is {fault}: {listed}",
        where=str(RunPaths(folder).config),
        hint="if you know what that runs, type the same with --trust; in Python: trust_code=True",
    )
