"""The Trainer: a config bound to a work_dir, and the one flow from it to a recorded run."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, Unpack, cast

from torch import Tensor

from stride.callbacks.base import Callback
from stride.components.trust import Trust
from stride.config import Overrides, Resolved
from stride.config.layers import located, nearest_origin
from stride.config.schema import Config, LoggingConfig
from stride.data import Data, Normalization
from stride.data.generators import is_stateful
from stride.distributed import barrier, failing_together, is_main, on_main, world_size
from stride.engine.evaluate import evaluate
from stride.engine.hooks import Hooks
from stride.engine.loop import Loop
from stride.engine.probe import LastBatch
from stride.engine.random import determinism, seed_everything
from stride.engine.state import Latest, TrainState
from stride.errors import ConfigError, RunError, RunFailed, UserError
from stride.log import LOGGER
from stride.loggers.base import Logger, Loggers, build_loggers
from stride.loggers.text import TextLog
from stride.models.model import Model
from stride.models.shards import is_divided
from stride.runs.provenance.collect import Survey
from stride.runs.records import ReproductionRecord
from stride.runs.work_dir import WorkDir
from stride.trainer.arguments import ConfigArguments, resolve_arguments
from stride.trainer.fit.assembly import Assembly, Given, assemble
from stride.trainer.fit.building import build_training
from stride.trainer.fit.cautions import cautions
from stride.trainer.fit.claim import claim
from stride.trainer.fit.finish import Ending
from stride.trainer.fit.process_group import joined, refusing_together, require_shared
from stride.trainer.fit.results import Stopwatch
from stride.trainer.fit.start import Beginning
from stride.trainer.fit.trial import last_batch, try_out
from stride.trainer.kinds import kind_named, require_kind
from stride.trainer.preflight import preflight
from stride.trainer.process_state import drawing, training
from stride.trainer.proof.objects import only_here
from stride.trainer.proof.prove import prove
from stride.trainer.starts.fork import Forked
from stride.trainer.starts.loaded import SPLITS, LoadedRun, load_run
from stride.trainer.starts.reproduce import Reproduced
from stride.trainer.starts.restarting import begin
from stride.trainer.starts.resume import Resumed
from stride.trainer.trusted import require_trust


class Trainer:
    """Train a model as a run of a work_dir.

    A subclass may define the hooks of `stride.Callback`, without their trainer argument.

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
        state: step, epoch and position of the training.
        optimizer: of the last or current `fit`.
        run: the recording of the last or current `fit`.
        metrics: the latest value of each metric of the last or current `fit`.
        results: as in results.json, of the last `fit`.

    Raises:
        UserError: a wrong key or value.
    """

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
        kind: type[Self] = kind_named(resolved.config.trainer, Trainer)
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
        self._given = Given(loaders={k: v for k, v in loaders.items() if v is not None})
        self._resolved = resolve_arguments(work_dir, config_file, overrides, config)
        self._trust = Trust(trust_code)
        self._trust.require(self._resolved, only=["trainer"])
        require_kind(self, self._resolved.config.trainer, Trainer)
        self._splits = ("test",) if mode_test else SPLITS
        self._assembly: Assembly | None = None
        self._built_from: Config | None = None
        self._callbacks = list(callbacks)
        self._logger = logger
        self.state = TrainState()
        self.metrics = Latest()
        self.results: dict[str, Any] = {}
        self._own = {*vars(self), "_own", "_training", "hooks", "optimizer", "run"}

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
        if not self._is_ready(resolved.config):
            try:
                self._assembly = assemble(
                    resolved, self._given, splits=self._splits, normalization=normalization
                )
            except ConfigError as error:
                raise located(error, partial(nearest_origin, resolved.origins)) from None
            self._built_from = resolved.config
        return cast(Assembly, self._assembly)

    def _is_ready(self, config: Config) -> bool:
        """Tell whether what was built is of this config, and the model still whole."""
        built = self._assembly is not None and self._built_from == config
        return built and not is_divided(cast(Assembly, self._assembly).model.network)

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
        beginning: Beginning | None = None,
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
            beginning: where to begin, instead of what all other arguments say.
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
        with refusing_together():
            _require_one(run, resume)
            if beginning is None and resume is not None:
                beginning = self._resumed(resume, overrides, short)
            elif beginning is None:
                named = short | ({} if run is None else {"run": run})
                resolved = self._resolved.override(overrides).override(named)
                beginning = begin(resolved, force=force, trainer_state=trainer_state)
            self._require_trust(beginning.resolved, trust_code)
            require_kind(self, beginning.resolved.config.trainer, Trainer)
        watch = Stopwatch()
        config = beginning.resolved.config
        with (
            training("a fit"),
            TextLog(config.logging_config.level) as log,
            determinism(config.training_config.deterministic),
            Survey(beginning.resolved.folder, exclude=[beginning.resolved.work_dir]) as survey,
            beginning.with_threads(),
            joined(config, type(beginning).__name__),
            failing_together(),
        ):
            on_main(beginning.check)
            seed_everything(config.seed)
            assembly = self._comprehend(beginning.resolved, beginning.normalization)
            beginning.require(assembly)
            self._prepare(assembly, watch, beginning.callbacks)
            self._probe(assembly)
            self._restore(beginning)
            self._training.require_storable()
            loggers = self._build_loggers(config.logging_config)
            require_shared(beginning.resolved.work_dir)
            with (
                claim(beginning, self._training, survey, log, loggers) as self.run,
                failing_together(),
            ):
                self.run.leave_as(beginning.before)
                self._built_from = None  # a further run starts from new data and weights
                ending = Ending(self, self._training, watch)
                with ending.guarded():
                    for loop in self._loops(beginning):
                        loop.run()
                ending.conclude()
            barrier()  # whoever goes on finds the results, and a run that is over
        return ending.best_value()

    def _resumed(self, run: str | int, overrides: Overrides, short: Mapping[str, Any]) -> Beginning:
        beginning: Beginning = Resumed.of(self._place(run), overrides, short)
        beginning.given_in(self._resolved.folder)
        return beginning

    def _place(self, run: str | int) -> Path:
        return WorkDir(self._resolved.work_dir).find(run)

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
        with refusing_together():
            beginning = Forked.of(self._place(run), at, overrides, run=name)
            beginning.given_in(self._resolved.folder)
        return self.fit(beginning=beginning, trust_code=trust_code)

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
        with refusing_together():
            beginning = Reproduced.of(self._place(run), overrides, steps=steps)
            beginning.given_in(self._resolved.folder)
        try:
            self.fit(beginning=beginning, trust_code=trust_code)
        except RunFailed as error:  # as its original did, or not: the comparison tells
            LOGGER.warning("the reproduction failed: %s", error)
        with joined(beginning.resolved.config):
            return on_main(lambda: beginning.verdict(self.run.paths))

    def _prepare(
        self, assembly: Assembly, watch: Stopwatch, callbacks: Iterable[Callback] = ()
    ) -> None:
        """Build optimiser, schedule, state and callbacks."""
        adds = hasattr(self, "after_evaluate")
        self.metrics, self.results = Latest(), {}
        parts: dict[str, Any] = {"metrics": self.metrics, "clock": watch}
        if is_stateful(self):  # a subclass may be
            parts["trainer"] = self
        called = [*self._callbacks, *callbacks]
        self._training = build_training(
            assembly, called, adds_metrics=adds, more=self._of_a_subclass, **parts
        )
        self.state, self.optimizer = self._training.state, self._training.optimizer
        self.hooks = Hooks(self, Trainer, self._training.watch.callbacks, Callback)

    def _of_a_subclass(self) -> dict[str, Any]:
        """Return what a user's subclass has set, as one object to look at, and the class."""
        kinds = [one for one in type(self).__mro__ if one.__module__.startswith("stride.")]
        if type(self) in kinds:
            return {}
        hidden = "_" if len(kinds) > 1 else "__"  # a kind of training has attributes of its own
        own = {k: v for k, v in vars(self).items() if k not in self._own}
        shown = {name: value for name, value in own.items() if not name.startswith(hidden)}
        return {"trainer": SimpleNamespace(**shown), "class of the trainer": type(self)}

    def _restore(self, beginning: Beginning) -> None:
        """Find out where the training begins; nothing is written yet."""
        beginning.restore(self._training)

    def _loops(self, beginning: Beginning) -> Iterator[Loop]:
        """Yield what is to be run, one after the other, in the run that is claimed now."""
        for line in beginning.words():
            self.run.note(line)
        for line in cautions(self._training.assembly):
            LOGGER.warning("%s", line)
        yield self._loop(beginning)

    def _loop(self, beginning: Beginning) -> Loop:
        """Return the loop, which saves the training, and enters it where it begins."""
        checkpoints, several = self._training.watch.checkpoints, world_size() > 1
        return self._training.loop(
            self.hooks,
            self._validate,
            self._record,
            enter=partial(self._enter, beginning),
            rest=partial(self._training.rest if several else checkpoints.rest, self),
            save=partial(checkpoints.save, self),
        )

    def _enter(self, beginning: Beginning) -> None:
        """Put the state back once the hooks that prepare a training have run."""
        if beginning.saved:
            beginning.enter(self._training)
            self.run.forget()  # they logged it when this was reached for the first time
            for line in beginning.report(self._training, self.run):
                self.run.note(line)
            beginning.saved = {}
            self.run.leave_as({})
        self._training.beside.noticed.begin()

    def _build_loggers(self, config: LoggingConfig) -> Loggers:
        if not is_main():
            return Loggers([])
        if self._logger is not None:
            return Loggers([self._logger])
        return build_loggers(config.loggers, wandb_kwargs=config.wandb_kwargs)

    def _probe(self, assembly: Assembly) -> dict[str, Any]:
        """Check data, model and metrics against each other on small batches."""
        followed = self._training.watch.followed
        example, last = partial(self._example, assembly), self._last_batch(assembly)
        found = try_out(assembly, example, last, followed)
        if assembly.left_out:
            self._training.tally.rate_nothing()
        return found

    def _example(self, assembly: Assembly) -> Any:
        return assembly.loader("train").example()

    def _last_batch(self, assembly: Assembly) -> LastBatch | None:
        return last_batch(assembly)

    def _validate(self) -> dict[str, float]:
        # Not as `evaluate` does: the draws of an evaluation are a training's own.
        return self._evaluate("validation") if self.comprehend_config().validates else {}

    def _record(self, values: Mapping[str, float]) -> None:
        self.metrics.update(values)
        self.run.record(values)

    # For hooks, and for use after a training.

    def log(self, name: str, value: float | Tensor) -> None:
        """Record a number, or a tensor of one, under the current step."""
        self.run.log(name, value)

    def stop(self, reason: str, *, status: str = "stopped") -> None:
        """End the training after the current step; the run's status says why."""
        request = self._training.agreement.asked
        if not request:
            request.reason, request.status = reason, status

    def evaluate(self, split: str = "test", metrics: list[str] | None = None) -> dict[str, float]:
        """Return loss and metrics of the model over a whole split: train, validation or test.

        Raises:
            DataError: there is no such split.
            RunError: a training is under way in another thread.
        """
        with drawing():
            return self._evaluate(split, metrics)

    def _evaluate(self, split: str, metrics: list[str] | None = None) -> dict[str, float]:
        assembly = self.comprehend_config()
        batches = assembly.loader(split)
        with joined(self.config):
            return evaluate(
                assembly.model,
                batches,
                assembly.metrics(metrics),
                split=split,
                precision=assembly.precision,
            )

    def predict(self, inputs: Tensor) -> Any:
        """Return the network's outputs for a batch of inputs as the loaders give them."""
        return self.model.predict(inputs)

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
            objects = list(only_here(self, config, self._given, self._callbacks))
            with training("a check"):
                return prove(self, self._resolved, objects, tell)
        with (
            training("a check"),
            determinism(config.training_config.deterministic),
            joined(config),
        ):
            seed_everything(config.seed)
            assembly = self._comprehend(self._resolved)
            self._prepare(assembly, Stopwatch())
            probed = self._probe(assembly)
            for line in cautions(assembly):
                LOGGER.warning("%s", line)
            return preflight(assembly, probed)

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
