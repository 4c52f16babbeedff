"""The Trainer: a config bound to a work_dir, and the one flow from it to a recorded run."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack, cast, final

from torch import Tensor
from torch.optim import Optimizer

from stride.callbacks.base import Callback
from stride.components.trust import Trust
from stride.config import Overrides, Resolved
from stride.config.layers import nearest_origin, with_origins
from stride.config.schema import Config
from stride.config.sections import LoggingConfig
from stride.data import Data, Normalization
from stride.data.generators import is_stateful
from stride.distributed import barrier, is_main, on_main, propagate_failures
from stride.engine.hooks import Hooks
from stride.engine.random import determinism, seed_everything
from stride.engine.state import Latest, TrainState
from stride.errors import ConfigError, RunError, RunFailed, UserError
from stride.log import LOGGER
from stride.loggers.base import Logger, Loggers, build_loggers
from stride.loggers.text import TextLog
from stride.models.model import Model
from stride.models.shards import is_sharded
from stride.runs.provenance.collect import Survey
from stride.runs.records import ReproductionRecord
from stride.runs.work_dir import WorkDir
from stride.trainer.arguments import ConfigArguments, resolve_arguments
from stride.trainer.fit.assembly import Assembly, Given, assemble
from stride.trainer.fit.building import build_session
from stride.trainer.fit.claim import claim
from stride.trainer.fit.config_warnings import config_warnings
from stride.trainer.fit.finalizer import Finalizer
from stride.trainer.fit.kind import Kind, Supervised, loops_of
from stride.trainer.fit.results import Stopwatch
from stride.trainer.fit.run_start import NewRun, RunStart
from stride.trainer.fit.sanity_check import sanity_check
from stride.trainer.fit.session import Session
from stride.trainer.preflight import preflight
from stride.trainer.process_group import broadcast_user_errors, process_group_for, require_shared
from stride.trainer.process_state import drawing, training
from stride.trainer.proof.local_objects import local_objects
from stride.trainer.proof.prove import prove
from stride.trainer.starts.fork import ForkedRun
from stride.trainer.starts.loaded import SPLITS, LoadedRun, load_run
from stride.trainer.starts.reproduce import ReproducedRun
from stride.trainer.starts.restarting import begin
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.subclasses import attributes_of_subclass
from stride.trainer.trainer_class import require_trainer_class, trainer_class
from stride.trainer.trust import require_trust


class Trainer:
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
        val_loader: likewise.
        test_loader: likewise.
        mode_test: whether only the test split is built.
        trust_code: whether you vouch for the import paths in the work_dir's config.json, and in
            the runs that are taken up; what you vouch for is signed.
        **config: the keys of the config, sections as dicts; an `<x>_name` may be a class.

    Attributes:
        kind: the class of its kind of training: what is trained on, loop after loop.
        state: step, epoch and position of the training.
        optimizer: of the last or current `fit`.
        run: the recording of the last or current `fit`.
        metrics: the latest value of each metric of the last or current `fit`.
        results: as in results.json, of the last `fit`.

    Raises:
        UserError: a wrong key or value.
    """

    kind: ClassVar[type[Kind]] = Supervised

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
        kind: type[Self] = trainer_class(resolved.config.trainer, Trainer)
        return super().__new__(kind)

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
        self._kind = self.kind()
        self._given = Given(loaders={k: v for k, v in loaders.items() if v is not None})
        self._resolved = resolve_arguments(work_dir, config_file, overrides, config)
        self._trust = Trust(trust_code)
        self._trust.require(self._resolved, only=["trainer"])
        require_trainer_class(self, self._resolved.config.trainer, Trainer)
        self._splits = ("test",) if mode_test else SPLITS
        self._assembly: Assembly | None = None
        self._built_from: Config | None = None
        self._callbacks = list(callbacks)
        self._logger = logger
        self.state = TrainState()
        self.metrics = Latest()
        self.results: dict[str, Any] = {}
        self._own = {*vars(self), "_own", "_session", "hooks", "optimizer", "run"}

    # What the config says, built when it is first looked at.

    @property
    def config(self) -> Config:
        """Return the config; complete once data and model are built."""
        return (self._assembly.resolved if self._assembly else self._resolved).config

    @property
    def origins(self) -> dict[str, str]:
        """Return where each value comes from that is not a default, by dotted key."""
        return self._resolved.origins

    def comprehend_config(self) -> Assembly:
        """Build data and model from the config, once; return everything built."""
        if self._assembly is None:
            self._require_trust(self._resolved)
            with drawing(self._resolved.config.seed):
                self._comprehend(self._resolved)
        return cast(Assembly, self._assembly)

    def _require_trust(self, resolved: Resolved, word: bool = False) -> None:
        require_trust(self._trust, resolved, model=self._given.model, word=word)

    def _comprehend(
        self, resolved: Resolved, normalization: Normalization | None = None
    ) -> Assembly:
        resolved = self._kind.complete(resolved)
        if not self._is_ready(resolved.config):
            try:
                self._assembly = assemble(
                    resolved,
                    self._given,
                    self._kind,
                    splits=self._splits,
                    normalization=normalization,
                )
            except ConfigError as error:
                raise with_origins(error, partial(nearest_origin, resolved.origins)) from None
            self._built_from = resolved.config
        return cast(Assembly, self._assembly)

    def _is_ready(self, config: Config) -> bool:
        """Tell whether what was built is of this config, and the model still whole."""
        built = self._assembly is not None and self._built_from == config
        return built and not is_sharded(cast(Assembly, self._assembly).model.network)

    @property
    def model(self) -> Model:
        """Return the network and criterion, on the device."""
        return self.comprehend_config().model

    @property
    def data(self) -> Data:
        """Return the loaders of all splits, and what is known of the data."""
        return self.comprehend_config().data

    def set_model(self, model: Any) -> None:
        """Train this nn.Module or Model instead of what the config builds, as it stands."""
        self._given.model = model
        self._assembly = None

    def set_logger(self, logger: Logger) -> None:
        """Send metrics to this logger instead of those of the config; metrics.jsonl stays."""
        self._logger = logger

    def load_data(self, load_data_kwargs: Mapping[str, Any] | None = None) -> Data:
        """Build the data anew, with other loader arguments for all runs that follow."""
        if load_data_kwargs is not None:
            self._resolved = self._resolved.override({"load_data_kwargs": dict(load_data_kwargs)})
        self._assembly = None
        return self.data

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
            _require_one(run, resume)
            if resume is not None:
                start = self._resumed(resume, overrides, short)
            else:
                named = short | ({} if run is None else {"run": run})
                resolved = self._resolved.override(overrides).override(named)
                start = begin(resolved, force=force, trainer_state=trainer_state)
        return self._fit(start, trust_code)

    def _fit(self, start: RunStart, trust_code: bool) -> float:
        """Train from a beginning to the end; see `fit`."""
        with broadcast_user_errors():
            self._require_trust(start.resolved, trust_code)
            require_trainer_class(self, start.resolved.config.trainer, Trainer)
        stopwatch = Stopwatch()
        config = start.resolved.config
        with (
            training("a fit"),
            TextLog(config.logging_config.level) as log,
            determinism(config.training_config.deterministic),
            Survey(start.resolved.folder, exclude=[start.resolved.work_dir]) as survey,
            start.with_threads(),
            process_group_for(config, start.name),
            propagate_failures(),
        ):
            on_main(start.check)
            seed_everything(config.seed)
            assembly = self._comprehend(start.resolved, start.normalization)
            start.require(assembly)
            session = self._open(assembly, start, stopwatch)
            self._probe(session)
            self._kind.restore(session, start)
            session.require_storable()
            loggers = self._build_loggers(config.logging_config)
            require_shared(start.resolved.work_dir)
            with (
                claim(start, session, survey, log, loggers) as session.run,
                propagate_failures(),
            ):
                self.run = session.run
                self.run.leave_as(start.before)
                self._built_from = None  # a further run starts from new data and weights
                finalizer = Finalizer(session, stopwatch)
                with finalizer.run_guarded():
                    self._tell(start, assembly)
                    for loop in loops_of(self._kind, session):
                        loop.run()
                finalizer.finish()
            barrier()  # whoever goes on finds the results, and a run that is over
        return finalizer.best_value()

    def _tell(self, start: RunStart, assembly: Assembly) -> None:
        """Say from where the training begins, and what may surprise."""
        for line in start.messages():
            self.run.note(line)
        for line in config_warnings(assembly):
            LOGGER.warning("%s", line)

    def _resumed(self, run: str | int, overrides: Overrides, short: Mapping[str, Any]) -> RunStart:
        start: RunStart = ResumedRun.of(self._place(run), overrides, short)
        start.given_in(self._resolved.folder)
        return start

    def _place(self, run: str | int) -> Path:
        return WorkDir(self._resolved.work_dir).find(run)

    @final
    def fork(
        self,
        run: str | int,
        at: str | int = "best",
        overrides: Overrides = None,
        *,
        name: str | None = None,
        trust_code: bool = False,
    ) -> float:
        """Train a new run that begins with the state of another run's checkpoint.

        Args:
            run: a run of this work_dir, whose config holds.
            at: `best`, `last`, a checkpoint's name, or the number of its step.
            overrides: changes to the config.
            name: of the new run instead of the next number.
            trust_code: whether you vouch for the import paths in the older run's config.

        Returns:
            As `fit`.

        Raises:
            RunError: there is no such run or checkpoint, or it does not fit the config.
        """
        with broadcast_user_errors():
            start = ForkedRun.of(self._place(run), at, overrides, run=name)
            start.given_in(self._resolved.folder)
        return self._fit(start, trust_code)

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
            start.given_in(self._resolved.folder)
        try:
            self._fit(start, trust_code)
        except RunFailed as error:  # as its original did, or not: the comparison tells
            LOGGER.warning("the reproduction failed: %s", error)
        with process_group_for(start.resolved.config):
            return on_main(lambda: start.verdict(self.run.paths))

    def _open(self, assembly: Assembly, start: RunStart, stopwatch: Stopwatch) -> Session:
        """Build optimiser, schedule, state and callbacks."""
        own: dict[str, Any] = {"trainer": self} if is_stateful(self) else {}  # a subclass may be
        self._session = session = build_session(
            self,
            self._kind,
            start,
            assembly,
            self._callbacks,
            parts={"clock": stopwatch, **own},
            adds_metrics=hasattr(self, "after_evaluate"),
            more=self._of_subclasses,
        )
        self.state, self.metrics, self.results = session.state, session.metrics, session.results
        self.hooks = session.hooks = Hooks(self, Trainer, session.callbacks.in_order, Callback)
        return session

    @property
    def optimizer(self) -> Optimizer:
        """Return the optimiser of the last or current `fit`."""
        return self._session.optimizer

    def _of_subclasses(self) -> dict[str, Any]:
        """Return what a user's subclasses of trainer and kind have set, to look at, and them."""
        parts: Iterable[object] = self._session.state.parts.values()
        known = any(self._kind is part for part in parts)
        kind = {} if known else attributes_of_subclass("kind", self._kind)
        return {**attributes_of_subclass("trainer", self, known=self._own), **kind}

    def _build_loggers(self, config: LoggingConfig) -> Loggers:
        if not is_main():
            return Loggers([])
        if self._logger is not None:
            return Loggers([self._logger])
        return build_loggers(config.loggers, wandb_kwargs=config.wandb_kwargs)

    def _probe(self, session: Session) -> dict[str, Any]:
        """Check data, model and metrics against each other on small batches."""
        assembly, followed = session.assembly, session.callbacks.followed
        example, last = partial(self._kind.example, assembly), self._kind.last_batch(assembly)
        found = sanity_check(assembly, example, last, followed)
        if assembly.left_out:
            session.losses.rate_nothing()
        return found

    # For hooks, and for use after a training.

    def log(self, name: str, value: float | Tensor) -> None:
        """Record a number, or a tensor of one, under the current step."""
        self.run.log(name, value)

    def stop(self, reason: str, *, status: str = "stopped") -> None:
        """End the training after the current step; the run's status says why."""
        request = self._session.consensus.local_request
        if not request:
            request.reason, request.status = reason, status

    @final
    def evaluate(self, split: str = "test", metrics: list[str] | None = None) -> dict[str, float]:
        """Return loss and metrics of the model over a whole split: train, validation or test.

        Raises:
            DataError: there is no such split.
            RunError: a training is under way in another thread.
        """
        with drawing():
            assembly = self.comprehend_config()
            with process_group_for(self.config):
                return self._kind.evaluate(assembly, split, metrics)

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
        config = self._resolved.config
        self._require_trust(self._resolved)
        if resume:
            objects = list(local_objects(self, config, self._given, self._callbacks))
            with training("a check"):
                return prove(self, self._resolved, objects, tell)
        with (
            training("a check"),
            determinism(config.training_config.deterministic),
            process_group_for(config),
        ):
            seed_everything(config.seed)
            assembly = self._comprehend(self._resolved)
            session = self._open(assembly, NewRun(self._resolved), Stopwatch())
            probed = self._probe(session)
            for line in config_warnings(assembly):
                LOGGER.warning("%s", line)
            return preflight(assembly, self._kind.example(assembly), probed)

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
        loaded = load_run(self._resolved.work_dir, run)
        loaded.folder = self._resolved.folder
        model = self._given.model if loaded.model_was_given else None
        self._resolved, self._assembly = loaded.assemble(
            model=model,
            loaders=self._given.loaders,
            splits=self._splits,
            trust_code=trust_code,
            trust=self._trust,
        )
        self._given.model, self._built_from = model, None
        return loaded


def _require_one(run: str | int | None, resume: str | int | None) -> None:
    """Refuse a new name for a run that is resumed."""
    if run is not None and resume is not None:
        raise RunError(
            "a run is resumed in its own folder: run and resume do not go together",
            hint=f"leave run={run!r} away, or type: trainer.fork({resume!r}, ...)",
        )
