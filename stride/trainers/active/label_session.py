"""Let a person label the samples that a run asks for: show each, understand the answer, keep it."""

from pathlib import Path
from typing import Any

import torch

from stride.active.labels.oracle import class_of, require_samples, targets_of
from stride.active.labels.rendering import Rendered, render
from stride.components.trust import Trust
from stride.data.data_info import TargetKind, target_kind
from stride.data.datasets import OpenedDataset, open_dataset, resolve_dataset
from stride.data.samples import SampleDataset, Source, StreamDataset, split_sample
from stride.data.split import SPLITS
from stride.errors import DataError, RunError
from stride.runs.labels.labels_jsonl import (
    Label,
    LabelRequest,
    add_labels,
    missing_labels,
    number_in,
    read_labels,
    require_query,
    withdraw_label,
)
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.runs.status import CLEAN_END, current_state, is_written
from stride.trainer.fit.open_sections import values_of
from stride.trainer.starts.rebuild import recorded, relocated
from stride.trainer.trust import require_trust
from stride.visible import quoted


class LabelSession:
    """The newest query of a run, and the samples that it asks for.

    The samples are those of the training split as they lie in the data, neither normalised nor
    transformed. Every label is on the disk when `give` returns.

    Args:
        folder: the run's.
        data_root: where the data lies now, if it has moved.
        trust_code: whether you vouch for the import paths in the run's config.

    Attributes:
        paths: of the run's files.
        query: what is asked for, in the order of asking.
        names: of the classes by code, where they have any.
        num_classes: how many there are; None where that is not known, and for numbers.
        kind: "class" or "float".

    Raises:
        RunError: the run asks for nothing, a process writes it, or it has come to its end.
        UserError: its config names import paths that nobody vouches for.
        DataError: the data is not there, or a label that was given is not a class.
    """

    def __init__(
        self, folder: Path, data_root: str | None = None, *, trust_code: bool = False
    ) -> None:
        run = Run(folder)
        self.paths = run.paths
        self.query = require_query(self.paths)
        _require_waiting(self.paths)
        resolved = recorded(run, relocated(run, data_root))
        require_trust(Trust(), resolved, word=trust_code)
        section = resolve_dataset(values_of(resolved.config.dataset_kwargs))
        opened = open_dataset(section, SPLITS)
        self._source = _indexed(opened.parts["train"])
        require_samples([asked.id for asked in self.query], len(self._source))
        self.names = opened.classes
        self.num_classes = len(self.names) or opened.num_classes
        self.kind = _kind(opened, self._source)
        self._columns = _columns(self._source)
        targets_of(read_labels(self.paths), self.names, self.num_classes, kind=self.kind)

    @property
    def classes(self) -> tuple[str, ...]:
        """Return what each class is called, by code; empty for numbers."""
        if self.kind != "class":
            return ()
        return self.names or tuple(str(code) for code in range(self.num_classes or 0))

    def missing(self) -> list[LabelRequest]:
        """Return what has no label yet, in the order of asking; others may label meanwhile."""
        wanted = set(missing_labels(self.paths))
        return [asked for asked in self.query if asked.id in wanted]

    def show(self, sample: int) -> Rendered:
        """Return a sample as a person can look at it."""
        return render(split_sample(self._source[sample])[0], self._columns)

    def read(self, text: str) -> Label:
        """Return the label that an answer means: a class by number, name or the name's beginning.

        Raises:
            DataError: it means none, or several.
        """
        if self.kind != "class":
            number = number_in(text)
            if number is None:
                raise DataError(f"{text!r} is not a number")
            return number
        code = self._code(text)
        return self.names[code] if self.names else code

    def _code(self, text: str) -> int:
        try:
            return class_of(text, self.names, self.num_classes)
        except DataError:
            word = text.strip().casefold()
            found = [c for c, name in enumerate(self.names) if name.casefold().startswith(word)]
            if not word or not found:
                raise
        if len(found) > 1:
            several = " or ".join(self.names[code] for code in found[:5])
            raise DataError(f"{text!r} may be {several}", hint="type more of the name")
        return found[0]

    def give(self, sample: int, text: str, *, by: str) -> Label:
        """Keep the label that an answer means, and return it.

        Raises:
            DataError: it means none.
            RunError: the sample is not asked for, or the run has been taken up meanwhile.
        """
        label = self.read(text)
        _require_waiting(self.paths)
        self._require_open()
        add_labels(self.paths, {sample: label}, by=by)
        return label

    def withdraw(self, sample: int, *, by: str) -> None:
        """Take back the label of a sample, which is then missing again.

        Raises:
            RunError: the run has been taken up meanwhile.
        """
        _require_waiting(self.paths)
        self._require_open()
        withdraw_label(self.paths, sample, by=by)

    def _require_open(self) -> None:
        """Refuse to change labels that were trained on: the run could not be repeated."""
        state, _ = current_state(self.paths)
        if state != "waiting" and not missing_labels(self.paths):
            raise RunError(
                f"run {self.paths.name} has continued with the labels of this query",
                where=str(self.paths.path),
                hint=f"type: stride resume {quoted(self.paths.path)}",
            )


def _require_waiting(paths: RunPaths) -> None:
    """Refuse labels that no training would read."""
    if is_written(paths):
        raise RunError(
            "a process is writing this run",
            where=str(paths.path),
            hint="it asks for labels when it waits: `stride show` tells",
        )
    state, _ = current_state(paths)
    if state in CLEAN_END:
        raise RunError(f"run {paths.name} is {state} and wants no labels", where=str(paths.path))


def _indexed(source: Source) -> Any:
    if isinstance(source, StreamDataset):
        raise DataError("the samples of a stream have no numbers, so none can be asked for")
    return source


def _kind(opened: OpenedDataset, source: Any) -> TargetKind:
    """Tell classes from numbers, by what is known of them and else by one sample."""
    if opened.classes or opened.num_classes:
        return "class"
    target = split_sample(source[0])[1]
    known = None if target is None else target_kind(torch.as_tensor(target))
    return known or "float"


def _columns(source: Any) -> tuple[str, ...]:
    """Return the names of the inputs' columns, where the data tells them."""
    told = source.dataset if isinstance(source, SampleDataset) else source
    names = getattr(told, "feature_names", None)
    return tuple(map(str, names)) if isinstance(names, (list, tuple)) else ()
