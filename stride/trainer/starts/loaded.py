"""Bring a run back: its config and records at once, its model and data when they are asked for.

Importing this loads no torch.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from stride.runs.run import Run
from stride.runs.work_dir import WorkDir

if TYPE_CHECKING:
    from torch import nn

    from stride.components.trust import Trust
    from stride.config import Overrides, Resolved
    from stride.metrics.choice import MetricSpec
    from stride.trainer.fit.assembly import Assembly
    from stride.trainer.predict.predictions import Arrays
    from stride.trainer.predict.samples import Samples

SPLITS = ("train", "val", "test")


class LoadedRun(Run):
    """A run on disk, read-only, with its model and data.

    Attributes:
        model: the nn.Module with the run's best weights, in evaluation mode, on the CPU.
        folder: from which relative paths of its config are taken: the current one when it is made.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        """Bind to a run folder; as `Run`."""
        super().__init__(path)
        self.folder: str | None = None
        with suppress(FileNotFoundError):  # to read a run by its absolute path needs none
            self.folder = os.getcwd()

    @cached_property
    def model(self) -> "nn.Module":
        """Return the network with the best weights, in evaluation mode, on the CPU."""
        return self.load_model()

    def load_model(
        self, *, device: str = "cpu", model: Any = None, trust_code: bool = False
    ) -> "nn.Module":
        """Build the run's network and give it the run's weights, every one of them.

        Args:
            device: as in the config.
            model: a network to fill, where the run's was given from Python.
            trust_code: whether you vouch for the run: the import paths in its config may be
                followed, and the source text recorded in it may be executed, where the class
                of its name is another now; a warning says which is taken. The run is signed.

        Raises:
            UserError: the config names import paths that nobody vouches for.
            RunError: the run has no weights, or they do not fit the network.
            ComponentError: the network's class has gone; says how to give it.
        """
        from stride.components.trust import Trust
        from stride.trainer.process_state import drawing
        from stride.trainer.starts.rebuild import rebuild_network, recorded
        from stride.trainer.trust import require_trust

        if model is None:
            require_trust(Trust(), recorded(self), word=trust_code)
        with drawing():
            return rebuild_network(self, device=device, model=model, trust_code=trust_code)

    @property
    def model_was_given(self) -> bool:
        """Tell whether the run's model was an object given from Python, which no config builds."""
        from stride.trainer.starts.rebuild import was_given

        return was_given(self)

    def assemble(
        self,
        *,
        device: str | None = None,
        model: Any = None,
        loaders: Mapping[str, Any] | None = None,
        splits: tuple[str, ...] = SPLITS,
        overrides: "Overrides" = None,
        trust_code: bool = False,
        trust: "Trust | None" = None,
    ) -> tuple["Resolved", "Assembly"]:
        """Build the run's data and its model with the run's weights, as a training would.

        Args:
            device: another device than the run's.
            model: a network or Model to fill, where the run's was given from Python.
            loaders: loaders in place of those that the config would build, by split.
            splits: what is built of the config's data.
            overrides: changes to the run's config, as for other data.
            trust_code: as for `load_model`.
            trust: what this process was given, None for nothing.

        Raises:
            UserError: the data or the class is not there any more, or nobody vouches for it.
        """
        from stride.components.trust import Trust
        from stride.trainer.process_state import drawing
        from stride.trainer.starts.rebuild import rebuild_assembly, recorded
        from stride.trainer.trust import require_trust

        resolved = recorded(self, overrides)
        require_trust(trust or Trust(), resolved, model=model, word=trust_code)
        with drawing(self.config.seed):  # as in the training that made it
            return rebuild_assembly(
                self,
                device=device,
                model=model,
                loaders=loaders,
                folder=self.folder,
                overrides=overrides,
                trust_code=trust_code,
                splits=splits,
            )

    def evaluate(
        self,
        split: str = "test",
        metrics: "Sequence[MetricSpec] | None" = None,
        *,
        overrides: "Overrides" = None,
        device: str | None = None,
        model: Any = None,
        trust_code: bool = False,
    ) -> dict[str, float]:
        """Evaluate the run's weights over a whole split; nothing is written into the run.

        The data is built again from the run's config, and normalised as it was in the run. Under a
        launcher all processes share the work, and each gets the same values.

        Args:
            split: train, validation, test, or one of `dataset_kwargs.extra_splits`.
            metrics: names; those of the run's config if none are given.
            overrides: changes to the run's config, as for other data or a further split.
            device: another device than the run's.
            model: a network or Model to fill, where the run's was given from Python.
            trust_code: as for `load_model`.

        Raises:
            UserError: the data, the class or the split is not there.
        """
        from stride.trainer.process_group import broadcast_user_errors, process_group_for
        from stride.trainer.process_state import drawing

        with broadcast_user_errors():
            resolved, assembly = self.assemble(
                device=device, model=model, overrides=overrides, trust_code=trust_code
            )
            assembly.metrics(metrics)
        with (
            drawing(),
            process_group_for(resolved.config, f"evaluation of {split} {metrics or ''}"),
        ):
            return assembly.evaluate(split, metrics)

    def predict(
        self,
        data: Any = "test",
        *,
        batch_size: int | None = None,
        device: str | None = None,
        model: Any = None,
        trust_code: bool = False,
    ) -> "Arrays":
        """Return the outputs of the run's weights for every sample, in the order of the samples.

        Inputs are normalised as they were in the run. Where the run's data has no targets, so that
        the network gives back its inputs, outputs of their shape are as they were before that.
        Outputs of the shape of targets that were normalised are in the units of the targets.

        Args:
            data: train, validation or test; arrays of inputs, alone or as (inputs, targets) or
                {"inputs": ...}; or a loader of yours, as a training takes it.
            batch_size: another one than the run's; 64 for arrays.
            device: another device than the run's.
            model: a network or Model to fill, where the run's was given from Python.
            trust_code: as for `load_model`.

        Returns:
            NumPy arrays by name, with a row for each sample: `sample`, its number in its dataset
            (for a loader and arrays, counted from 0); `outputs`, of several `outputs/NAME`;
            `targets` where there are some.

        Raises:
            UserError: the data, the class or the split is not there, or outputs have not one row
                for each sample; or several processes are to do it.
        """
        from stride.trainer.predict.predictions import predict
        from stride.trainer.process_state import drawing

        options = {"device": device, "model": model, "trust_code": trust_code}
        assembly, samples = self._to_predict(data, batch_size, options)
        statistics, shape = assembly.data.normalization, assembly.data.info.target_shape
        undo = statistics if shape is None or statistics is None else statistics.targets
        options = {"precision": assembly.precision, "undo": undo, "target_shape": shape}
        with drawing():
            return predict(assembly.model, samples, **options)

    def _to_predict(
        self, data: Any, batch_size: int | None, options: Mapping[str, Any]
    ) -> tuple["Assembly", "Samples"]:
        """Return what the run's model is in, and the samples of a split, arrays or a loader."""
        from stride.trainer.predict.samples import (
            example_of,
            require_predictable,
            samples_of,
            samples_of_split,
        )
        from stride.trainer.starts.rebuild import normalization_of

        require_predictable(batch_size)
        if isinstance(data, str):
            _, assembly = self.assemble(**options)
            return assembly, samples_of_split(assembly, data, batch_size)
        statistics = normalization_of(self)
        # What was normalised was data of the config; only that tells whether it had targets.
        own = {"train": example_of(data)} if statistics is None else {}
        _, assembly = self.assemble(loaders=own, splits=("train",), **options)
        return assembly, samples_of(data, assembly.device, statistics, batch_size)


def load_run(work_dir: str | PathLike[str], run: str | int | None = None) -> LoadedRun:
    """Return a run: `load_run(work_dir, run)`, or `load_run(path)` of its folder.

    Args:
        work_dir: the folder of the experiment, or of the run itself, or `W/latest`, `W/best`.
        run: number, name, `latest` or `best`.

    Raises:
        RunError: there is no such run.
    """
    return LoadedRun(work_dir if run is None else WorkDir(fspath(work_dir)).find(run))
