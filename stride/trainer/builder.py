"""Build what a trainer's config says, once for each run, and keep it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from stride.callbacks.base import Callback
from stride.components.trust import Trust
from stride.config import Resolved
from stride.config.layers import nearest_origin, with_origins
from stride.config.schema import Config
from stride.config.sections.logging import LoggingConfig
from stride.data import Data, Normalization
from stride.distributed import is_main
from stride.errors import ConfigError
from stride.loggers.base import Logger, Loggers, build_loggers
from stride.models.shards import is_sharded
from stride.trainer.fit.assembly import Assembly, Given, require_returned
from stride.trainer.fit.construction.assembly import assemble, assemble_data
from stride.trainer.fit.kind import Kind
from stride.trainer.frozen_runs import complete_frozen
from stride.trainer.process_state import drawing
from stride.trainer.trust import require_trust


@dataclass
class Builder:
    """Build data, model and loggers from a config and from the objects that a trainer was given.

    Attributes:
        resolved: the config, as it was given.
        kind: of training.
        given: what stands for what the config would build.
        trust: what may be imported.
        splits: of the data that are built.
        callbacks: called after those that the config names.
        logger: takes the place of those that the config names, None for these.
        assembly: data and model, as they were built last; None before.
    """

    resolved: Resolved
    kind: Kind
    given: Given
    trust: Trust
    splits: tuple[str, ...]
    callbacks: list[Callback]
    logger: Logger | None = None
    assembly: Assembly | None = field(default=None, init=False)
    _built_from: Config | None = field(default=None, init=False)

    @property
    def config(self) -> Config:
        """Return the config; complete once data and model are built."""
        return (self.assembly.resolved if self.assembly else self.resolved).config

    def require_trust(self, resolved: Resolved, word: bool = False) -> None:
        """Refuse import paths that a folder names without its owner's word.

        Raises:
            UserError: lists the paths, and what to type.
        """
        require_trust(self.trust, resolved, model=self.given.model, word=word)

    def build(self) -> Assembly:
        """Return data and model; built from the config where nothing is built yet."""
        if self.assembly is not None:
            return self.assembly
        self.require_trust(self.resolved)
        with drawing(self.resolved.config.seed):
            return self.assemble(self.resolved)

    def assemble(self, resolved: Resolved, normalization: Normalization | None = None) -> Assembly:
        """Return data and model of a config; what was built of the same one, until it is used."""
        completed, built = self.complete(resolved), self.assembly
        if (
            built is None
            or self._built_from != completed.config
            or is_sharded(built.model.network)  # among the processes of a run that is over
        ):
            with _naming_origins(completed):
                built = self.assembly = assemble(
                    completed,
                    self.given,
                    self.kind,
                    splits=self.splits,
                    normalization=normalization,
                )
            self._built_from = completed.config
        return built

    def data_of(self, resolved: Resolved) -> Data:
        """Return the data of a config, built for this look at them and without a model."""
        completed = self.complete(resolved)
        with _naming_origins(completed):
            return assemble_data(completed, self.given, self.kind, splits=self.splits)

    def complete(self, resolved: Resolved) -> Resolved:
        """Return a config with what the kind of training and frozen runs say where it is silent.

        Raises:
            UserError: one of the two refuses it.
        """
        completed = self.kind.complete(resolved)
        hint = "write `return resolved`, or `return resolved.with_sections(...)`"
        require_returned(self.kind, "complete", completed, Resolved, hint)
        return complete_frozen(completed, self.trust)

    def mark_used(self) -> None:
        """Let the next run be built from its config; until then data and model can be looked at."""
        self._built_from = None

    def take(self, resolved: Resolved, assembly: Assembly) -> None:
        """Keep the config, data and model of a recorded run instead."""
        self.resolved, self.assembly = resolved, assembly
        self.mark_used()

    def build_loggers(self, config: LoggingConfig) -> Loggers:
        """Return the sinks of rows beside metrics.jsonl; rank 0 alone has some."""
        if not is_main():
            return Loggers([])
        if self.logger is not None:
            return Loggers([self.logger])
        return build_loggers(config.loggers, wandb_kwargs=config.wandb_kwargs)


@contextmanager
def _naming_origins(resolved: Resolved) -> Iterator[None]:
    """Say of each wrong value where it comes from."""
    try:
        yield
    except ConfigError as error:
        raise with_origins(error, partial(nearest_origin, resolved.origins)) from None
