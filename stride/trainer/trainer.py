"""The Trainer: a config bound to a work_dir, and the one flow from it to a recorded run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack, final

from torch import Tensor
from torch.optim import Optimizer

from stride.callbacks.base import Callback
from stride.callbacks.budget import Budget
from stride.components.trust import Trust
from stride.config import Overrides
from stride.config.schema import Config
from stride.data import Data
from stride.distributed import on_main
from stride.engine.hooks import Hooks
from stride.engine.state import Latest, TrainState
from stride.errors import RunError, RunFailed, UserError
from stride.log import LOGGER
from stride.loggers.base import Logger
from stride.metrics.choice import MetricSpec
from stride.models.model import Model
from stride.runs.records.reproduction import ReproductionRecord
from stride.runs.work_dir import WorkDir
from stride.trainer.arguments import ConfigArguments, resolve_arguments
from stride.trainer.builder import Builder
from stride.trainer.fit.assembly import Assembly, Given
from stride.trainer.fit.kind import Kind, Supervised, kind_of
from stride.trainer.fit.run_start import RunStart
from stride.trainer.fit.session import Session
from stride.trainer.flow import check, fit
from stride.trainer.process_group import broadcast_user_errors, process_group_for
from stride.trainer.process_state import drawing, training
from stride.trainer.proof.local_objects import local_objects
from stride.trainer.proof.prove import prove
from stride.trainer.readable_run import left_to_be_read
from stride.trainer.records_in_run import RecordsInRun
from stride.trainer.starts.fork import ForkedRun
from stride.trainer.starts.loaded import SPLITS, LoadedRun, load_run
from stride.trainer.starts.reproduce import ReproducedRun
from stride.trainer.starts.restarting import begin
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.trainer_class import require_trainer_class, trainer_class


class Trainer(RecordsInRun):
    """Train a model as a run of a work_dir.

    A subclass may define the hooks of `stride.Callback`, without their trainer argument, and name
    another kind of training; nothing else of a trainer is overridden.

    Args:
        work_dir: the experiment's folder (made with its parents when the first run is claimed), a
            dict with a whole config, or the file of one.
        config_file: JSON, TOML or YAML.
        overrides: dotted keys or `key=value` texts, stronger than everything else here.
        callbacks: objects, called after those that the config names.
        logger: a sink of metrics instead of those of the config; metrics.jsonl stays.
        train_loader: a loader, or a callable that gives one, in place of the config's data; also
            in place of that of a run which `load_run`, `fit(resume=...)` and the like take up.
        val_loader: likewise; or a dict of them by name, of the validation split and further ones.
        test_loader: likewise.
        mode_test: whether only the test split is built.
        trust_code: whether you vouch for the import paths in the work_dir's config.json, and in
            the runs that are taken up; what you vouch for is signed.
        **config: the keys of the config, sections as dicts; an `<x>_name` may be a class.

    Attributes:
        kind: the class of its kind of training: what is trained on, loop after loop.
        builder: builds what the config says, and keeps it.
        session: everything that the last or current `fit` carries.
        state: step, epoch and position of the training.
        optimizer: of the last or current `fit`; `optimizers`, several by their names.
        run: the run of the last `fit`, to be read: a `stride.Run` with its model. While one goes
            on, the run as callbacks have it.
        metrics: the latest value of each metric of the last or current `fit`.
        results: as in results.json, of the last `fit`.

    Raises:
        UserError: a wrong key or value.
    """

    kind: ClassVar[type[Kind]] = Supervised

    session: Session
    hooks: Hooks

    def __new__(
        cls,
        work_dir: str | PathLike[str] | Mapping[str, Any] | None = None,
        *,
        config_file: str | None = None,
        overrides: Overrides = None,
        **others: Any,
    ) -> Self:
        """Return a trainer of the kind that the config names, where no kind is called itself."""
        config = {k: v for k, v in others.items() if k in ConfigArguments.__annotations__}
        if cls is not Trainer or not (work_dir or config_file or overrides or config):
            return super().__new__(cls)
        resolved = resolve_arguments(work_dir, config_file, overrides, config)
        Trust(bool(others.get("trust_code"))).require(resolved, only=["trainer"])
        return super().__new__(trainer_class(resolved.config.trainer, cls))

    def __init__(
        self,
        work_dir: str | PathLike[str] | Mapping[str, Any] | None = None,
        *,
        config_file: str | None = None,
        overrides: Overrides = None,
        callbacks: Iterable[Callback] = (),
        logger: Logger | None = None,
        train_loader: Any = None,
        val_loader: Any = None,
        test_loader: Any = None,
        mode_test: bool = False,
        trust_code: bool = False,
        **config: Unpack[ConfigArguments],
    ) -> None:
        loaders = {"train": train_loader, "val": val_loader, "test": test_loader}
        resolved = resolve_arguments(work_dir, config_file, overrides, config)
        trust = Trust(trust_code)
        trust.require(resolved, only=["trainer"])  # before its class is imported
        require_trainer_class(self, resolved.config.trainer, Trainer)
        self.builder = Builder(
            resolved,
            kind_of(type(self)),
            Given(loaders={k: v for k, v in loaders.items() if v is not None}),
            trust,
            ("test",) if mode_test else SPLITS,
            list(callbacks),
            logger,
        )
        self.state = TrainState()
        self.metrics = Latest()
        self.results: dict[str, Any] = {}

    # What the config says, built when it is first looked at.

    @property
    def config(self) -> Config:
        """Return the config; complete once data and model are built."""
        return self.builder.config

    @property
    def origins(self) -> dict[str, str]:
        """Return where each value comes from that is not a default, by dotted key."""
        return self.builder.resolved.origins

    def comprehend_config(self) -> Assembly:
        """Build data and model from the config, once; return everything built."""
        return self.builder.build()

    @property
    def model(self) -> Model:
        """Return the network and criterion, on the device."""
        return self.builder.build().model

    @property
    def data(self) -> Data:
        """Return the loaders of all splits, and what is known of the data."""
        return self.builder.build().data

    def set_model(self, model: Any) -> None:
        """Train this nn.Module or Model instead of what the config builds, as it stands."""
        self.builder.given.model = model
        self.builder.assembly = None

    def set_logger(self, logger: Logger) -> None:
        """Send metrics to this logger instead of those of the config; metrics.jsonl stays."""
        self.builder.logger = logger

    def load_data(self, load_data_kwargs: Mapping[str, Any] | None = None) -> Data:
        """Build the data again, with other loader arguments for all runs that follow."""
        if load_data_kwargs is not None:
            changed = {"load_data_kwargs": dict(load_data_kwargs)}
            self.builder.resolved = self.builder.resolved.override(changed)
        self.builder.assembly = None
        return self.data

    def _repr_html_(self) -> str:
        from stride.trainer.html import trainer_output  # for notebooks only

        return trainer_output(self.builder)

    # The flow.

    @final
    def fit(
        self,
        overrides: Overrides = None,
        *,
        max_epochs: int | None = None,
        max_steps: int | None = None,
        run: str | int | None = None,
        force: bool = False,
        resume: str | int | None = None,
        trainer_state: str | PathLike[str] | None = None,
        budget: str | float | None = None,
        trust_code: bool = False,
    ) -> float:
        """Train a new run, or go on with one; return the best value of the monitored metric.

        Args:
            overrides: changes to the config, for this run only.
            max_epochs: short for `training_config.max_epochs`; None leaves it as it is.
            max_steps: likewise; a limit is lifted by `{"training_config.max_steps": None}`.
            run: a name instead of the next number.
            force: whether an existing run of that name is replaced.
            resume: a run of this work_dir to go on with, by number, name, `latest` or `best`. Its
                own config holds; `overrides`, `max_epochs` and `max_steps` may let it train on.
            trainer_state: the folder of a checkpoint whose state the new run begins with.
            budget: the time after which the training is left with a checkpoint, to be resumed:
                `5m`, `1h30m`, or seconds. At least one step is done.
            trust_code: whether you vouch for the import paths that a folder's config names here.

        Returns:
            The best value; NaN if no evaluation gave a number.

        Raises:
            UserError: a wrong key, value, name, file or shape; no folder was made.
            RunFailed: the training could not go on; the run says so.
            Interrupted: a signal ended the run, with a checkpoint behind it.
        """
        ends = {"max_epochs": max_epochs, "max_steps": max_steps}
        short = {f"training_config.{k}": v for k, v in ends.items() if v is not None}
        with broadcast_user_errors():
            limit = None if budget is None else Budget(budget)
            _require_one(run, resume)
            if resume is not None:
                start = self._resumed(resume, overrides, short)
            else:
                named = short | ({} if run is None else {"run": run})
                resolved = self.builder.resolved.override(overrides).override(named)
                start = begin(resolved, force=force, trainer_state=trainer_state)
        self._require(start, trust_code)
        with left_to_be_read(self):  # not by `fit_from`: a stack trace stays short
            return fit(self, start, limit)

    @final
    def fit_from(
        self, start: RunStart, budget: Budget | None = None, *, trust_code: bool = False
    ) -> float:
        """Train from a start, as a sweep makes them; return as `fit` does.

        Args:
            start: where the training begins.
            budget: ends it after a time.
            trust_code: as in `fit`.

        Raises:
            UserError: as `fit`.
            RunFailed: likewise.
            Interrupted: likewise.
        """
        self._require(start, trust_code)
        with left_to_be_read(self):
            return fit(self, start, budget)

    def _require(self, start: RunStart, trust_code: bool) -> None:
        """Refuse code without its owner's word, and a config of another class of trainers."""
        with broadcast_user_errors():
            self.builder.require_trust(start.resolved, trust_code)  # before a class is imported
            require_trainer_class(self, start.resolved.config.trainer, Trainer)

    def _resumed(self, run: str | int, overrides: Overrides, short: Mapping[str, Any]) -> RunStart:
        start: RunStart = ResumedRun.of(self._place(run), overrides, short)
        start.given_in(self.builder.resolved.folder)
        return start

    def _place(self, run: str | int) -> Path:
        return WorkDir(self.builder.resolved.work_dir).find(run)

    @final
    def fork(
        self,
        run: str | int,
        at: str | int = "best",
        overrides: Overrides = None,
        *,
        name: str | None = None,
        budget: str | float | None = None,
        trust_code: bool = False,
    ) -> float:
        """Train a new run that begins with the state of another run's checkpoint.

        Args:
            run: a run of this work_dir, whose config holds.
            at: `best`, `last`, a checkpoint's name, or the number of its step.
            overrides: changes to the config.
            name: of the new run instead of the next number.
            budget: as in `fit`.
            trust_code: whether you vouch for the import paths in the older run's config.

        Returns:
            As `fit`.

        Raises:
            RunError: there is no such run or checkpoint, or it does not fit the config.
        """
        with broadcast_user_errors():
            limit = None if budget is None else Budget(budget)
            start = ForkedRun.of(self._place(run), at, overrides, run=name)
            start.given_in(self.builder.resolved.folder)
        return self.fit_from(start, limit, trust_code=trust_code)

    @final
    def reproduce(
        self,
        run: str | int,
        *,
        steps: int | None = None,
        overrides: Overrides = None,
        trust_code: bool = False,
    ) -> ReproductionRecord:
        """Do a run of this work_dir again as a new run, and compare the two bit by bit.

        Args:
            run: number, name, `latest` or `best`.
            steps: after how many to stop, None for as many as the run has recorded.
            overrides: for what a run may be moved with, as `dataset_kwargs.path`.
            trust_code: whether you vouch for the import paths in its config.

        Returns:
            Whether the two are identical; if not, where they part and why they probably do. It is
            in the new run's folder too.

        Raises:
            RunError: there is no such run, or it cannot be built again.
        """
        if steps is not None and steps < 1:
            raise UserError(f"{steps} steps prove nothing", where="steps", hint="give 1 or more")
        with broadcast_user_errors():
            start = ReproducedRun.of(self._place(run), overrides, steps=steps)
            start.given_in(self.builder.resolved.folder)
        try:
            self.fit_from(start, trust_code=trust_code)
        except RunFailed as error:  # as its original did, or not: the comparison tells
            LOGGER.warning("the reproduction failed: %s", error)
        with process_group_for(start.resolved.config):
            return on_main(lambda: start.verdict(self.run.paths))

    def attach(self, session: Session) -> None:
        """Take the session that a `fit` or `check` has built, which calls this."""
        self.session, self.hooks = session, session.hooks
        self.state, self.metrics, self.results = session.state, session.metrics, session.results

    @property
    def optimizer(self) -> Optimizer:
        """Return the optimiser of the last or current `fit`.

        Raises:
            RunError: there are several.
        """
        return self.session.optimizers.only

    @property
    def optimizers(self) -> Mapping[str, Optimizer]:
        """Return the optimisers of the last or current `fit` by name, "" of a single one."""
        return self.session.optimizers

    # For hooks, and for use after a training.

    def stop(self, reason: str, *, status: str = "stopped") -> None:
        """End the training after the current step; the run's status says why."""
        request = self.session.consensus.local_request
        if not request:
            request.reason, request.status = reason, status

    @final
    def evaluate(
        self, split: str = "test", metrics: Sequence[MetricSpec] | None = None
    ) -> dict[str, float]:
        """Return loss and metrics of the model over a whole split: train, validation or test.

        Raises:
            DataError: there is no such split.
            RunError: a training is under way in another thread.
        """
        with drawing():
            assembly = self.builder.build()
            with process_group_for(self.config):
                return assembly.evaluate(split, metrics)

    def predict(self, inputs: Tensor) -> Any:
        """Return the network's outputs for a batch of inputs as the loaders give them."""
        return self.model.predict(inputs)

    @final
    def check(
        self, *, resume: bool = False, tell: Callable[[str], object] = LOGGER.info
    ) -> dict[str, Any]:
        """Try a small batch forward and backward, and one optimiser step; make no folder.

        Args:
            resume: whether to kill and resume the training in its first steps too, in processes
                of their own, and compare it bit by bit with one that is not killed.
            tell: is given a line of progress when one of these processes begins.

        Returns:
            Loss, gradient norm, shapes, number of parameters, device; and under `resume` what
            `stride.trainer.proof.prove.Proof` has, whose `verdict` is "ok" where nothing differs.

        Raises:
            UserError: as in `fit`; or the step leads to numbers that are not finite.
            RunFailed: the training failed in these steps.
        """
        if not resume:
            return check(self)
        builder = self.builder
        builder.require_trust(builder.resolved)
        objects = list(local_objects(self))
        with training("a check"):
            return prove(self, builder.resolved, objects, tell)

    def load_run(self, run: str | int, *, trust_code: bool = False) -> LoadedRun:
        """Take config, data and model of a run of this work_dir; return the run.

        What was given to the trainer stays: its loaders take the place of the run's splits, and
        `mode_test` builds the test split alone. A model that was set is filled with the weights of
        a run whose model was given too; of any other run the model is built by its config.

        Args:
            run: number, name, `latest` or `best`.
            trust_code: as for `LoadedRun.load_model`.

        Raises:
            RunError: there is no such run, or its model cannot be built.
            UserError: its config names import paths that nobody vouches for.
        """
        builder = self.builder
        loaded = load_run(builder.resolved.work_dir, run)
        loaded.folder = builder.resolved.folder
        model = builder.given.model if loaded.model_was_given else None
        resolved, assembly = loaded.assemble(
            model=model,
            loaders=builder.given.loaders,
            splits=builder.splits,
            trust_code=trust_code,
            trust=builder.trust,
        )
        builder.given.model = model
        builder.take(resolved, assembly)
        return loaded


def _require_one(run: str | int | None, resume: str | int | None) -> None:
    """Refuse a new name for a run that is resumed."""
    if run is not None and resume is not None:
        raise RunError(
            "a run is resumed in its own folder: run and resume do not go together",
            hint=f"leave run={run!r} away, or type: trainer.fork({resume!r}, ...)",
        )
