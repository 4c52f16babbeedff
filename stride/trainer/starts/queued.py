"""Begin a run that was claimed for a job, with the config and code of that moment."""

from dataclasses import dataclass, field
from typing import Any, Self

from stride.config import Overrides
from stride.runs.run import Run
from stride.runs.writer import RunWriter
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.run_start import RunStart, Values, typed_overrides
from stride.trainer.starts.rebuild import recorded

AS_QUEUED = ("command", "folder", "origins", "git")
"""What of the provenance is that of the command which queued the run."""


def is_queued(run: Run) -> bool:
    """Tell whether a run was claimed for a job, and no training of it has begun."""
    return run.status.get("started") is None and run.paths.job_script.is_file()


@dataclass
class QueuedRun(RunStart):
    """Begin a queued run in its own folder.

    Attributes:
        run: the run.
        segment: its newest segment when the run was looked at.
        take_over: whether the run is this process's by its launcher's word.
    """

    name = "queued"

    run: Run
    segment: int | None
    take_over: bool = field(default=False, kw_only=True)
    _other_data: bool = field(default=False, init=False)

    @classmethod
    def of(
        cls, run: Run, segment: int | None, *overrides: Overrides, take_over: bool = False
    ) -> Self:
        """Take a run's config, with overrides on top.

        Raises:
            ConfigError: an override is wrong.
        """
        start = run.raw_config.get("model_kwargs", {}).get("init_from")
        resolved = recorded(run, name=run.name).override(
            {"model_kwargs.init_from": start}, f"run {run.name}"
        )
        for one in overrides:
            resolved = resolved.override(one)
        return cls(resolved, run, segment, take_over=take_over)

    def check(self) -> None:
        """Refuse nothing: the run is there, and has not begun."""

    def require(self, assembly: Assembly) -> None:
        """Note whether the data has changed meanwhile."""
        before = self.run.provenance.get("data_fingerprint")
        self._other_data = bool(before) and before != assembly.data.fingerprint

    def take(self, config: Values, provenance: Values, patch: bytes) -> RunWriter:
        """Take the run over from the command that queued it, and write what is known now."""
        typed = typed_overrides(self.resolved)
        place = {key: self.run.raw_config.get(key) for key in ("work_dir", "run")}
        writer = RunWriter.resume(
            self.run.paths.path,
            after=self.segment,
            take_over=self.take_over,
            overrides=typed,
            config={**config, **place},
        )
        try:
            writer.commit(writer.paths.provenance, self._provenance(provenance, typed))
        except BaseException as error:
            writer.close("failed", f"{type(error).__name__}: {error}")
            raise
        return writer

    def _provenance(self, now: Values, typed: list[str]) -> dict[str, Any]:
        """Return where the run comes from: who queued it, and where it runs."""
        before = self.run.provenance
        kept = {key: before[key] for key in AS_QUEUED if key in before}
        return {**now, **kept, "overrides": [*before.get("overrides", []), *typed]}

    def messages(self) -> list[str]:
        """Say that the run begins, and what has changed since it was queued."""
        lines = ["beginning a queued run"]
        if self._other_data:
            lines.append("the data has changed since the run was queued")
        return lines
