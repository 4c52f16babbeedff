"""Claim a run for a training that stands, and write down where it comes from."""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from stride.components import is_user_code, source_of
from stride.config.import_paths import import_paths
from stride.distributed import gather, is_main, on_main, rank
from stride.engine.checkpoint.gathered_weights import commit_weights, weights_digest
from stride.engine.device import device_name, peak_memory
from stride.engine.optim.optimizers import part_name
from stride.log import LOGGER, takes_turns
from stride.loggers.base import Loggers, Row
from stride.loggers.display.base import Display, Head
from stride.loggers.display.open import open_display
from stride.loggers.text import TextLog
from stride.runs.layout import FORMAT_VERSION, RunPaths
from stride.runs.listing.measured import summary_of
from stride.runs.provenance.collect import Survey, collect
from stride.runs.signing.key import key_file, own_key
from stride.runs.writer_base import ReadOnlyWriter, Writer
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.component_sources import Tables, constructor_of, sources_of, used_by
from stride.trainer.fit.results import measured
from stride.trainer.fit.run_recorder import RunRecorder
from stride.trainer.fit.run_start import RunStart, typed_overrides
from stride.trainer.fit.session import Session
from stride.trainer.weights.frozen_networks import commit_frozen


def claim(
    start: RunStart,
    session: Session,
    survey: Survey,
    log: TextLog,
    loggers: Loggers,
) -> RunRecorder:
    """Take the run of a training, and write what is known at its start.

    Raises:
        RunError: the name is taken, another process has the run, or it cannot be written.
    """
    assembly = session.assembly
    config = assembly.config
    writer = _take(start, session, survey)
    try:
        before = log.open(writer.paths.log(rank()))
        _write_inputs(writer, assembly, keeps_start=start.keeps_start(assembly))
        loggers.open(writer.paths, config.to_json())
        display = _display(config.logging_config.terminal_display)
        epochs, steps = session.length()
        display.start(_head(session, writer.paths), total_steps=steps, total_epochs=epochs)
    except BaseException as error:
        writer.close("failed", f"{type(error).__name__}: {error}")
        raise
    recording = RunRecorder(
        writer,
        session.state,
        loggers,
        display,
        session.fingerprint,
        session.latest,
        config.logging_config.keep_artifacts,
    )
    # Hooks that prepare a training have logged theirs when it began: see `RunRecorder.forget`.
    recording.artifacts.ignore(bool(start.saved))
    recording.show_warnings(before)
    writer.report(partial(_progress, session, recording, epochs, steps))
    return recording


def _display(mode: str) -> Display:
    """Open what a person sees: of one process, and not of several trainings at once."""
    return open_display(mode if is_main() and not takes_turns() else "off")


def _head(session: Session, paths: RunPaths) -> Head:
    """Say what is trained, and where."""
    assembly, callbacks = session.assembly, session.callbacks
    info, monitor = assembly.data.info, callbacks.monitor
    counts = {"train": info.num_train, "val": info.num_val, "test": info.num_test}
    known = ", ".join(f"{count:,} {split}" for split, count in counts.items() if count)

    def is_best(row: Row) -> bool:
        value = row.get(monitor.metric)
        return value is not None and monitor.improves(value, callbacks.best.best.value)

    return Head(
        run=paths.name,
        network=assembly.config.model_kwargs.model_name or type(assembly.model.network).__name__,
        parameters=sum(parameter.numel() for parameter in assembly.model.parameters()),
        data=f"{info.dataset} ({known})" if known else info.dataset,
        device=device_name(assembly.device),
        folder=paths.path,
        metric=monitor.metric,
        is_best=is_best,
        memory=partial(peak_memory, assembly.device),
        stage=assembly.kind.stage,
    )


def _progress(
    session: Session, run: RunRecorder, epochs: int | None, steps: int | None
) -> dict[str, Any]:
    """Return how far a training has come; asked in a thread, so that no step does anything."""
    callbacks, last = session.callbacks, session.last_values()
    found = measured(
        state=session.state, monitor=callbacks.monitor, best=callbacks.best.best, last=last
    )
    return {
        "format_version": FORMAT_VERSION,
        "segment": run.identity["segment"],
        "time": time.time(),
        "step": session.state.step,
        "epoch": session.state.epoch,
        "total_steps": steps,
        "total_epochs": epochs,
        "steps_per_second": run.speed or None,
        **peak_memory(session.assembly.device),
        **summary_of(found),
    }


def _take(start: RunStart, session: Session, survey: Survey) -> Writer:
    """Take the run on rank 0; the other ranks learn where it is, and write nothing there."""
    assembly = session.assembly
    devices = gather(device_name(assembly.device))
    weights, sources = _digest_of_start(start, assembly), _sources(session)
    taken: list[Writer] = []

    def take() -> tuple[str, str, int]:
        surroundings = survey.result()
        _tell_of_patch(surroundings.git)
        provenance = collect(
            surroundings,
            overrides=typed_overrides(assembly.resolved),
            origins=assembly.resolved.origins,
            seeds=_seeds(assembly),
            devices=devices,
            threads={"torch": torch.get_num_threads()},
            data_fingerprint=assembly.data.fingerprint,
            samples=assembly.data.samples,
            permutation=assembly.data.permutation,
            evaluation_draws=start.evaluation_draws,
            parent=start.lineage() or assembly.started_from.lineage(),
        )
        config = assembly.config.to_json()
        record = {**provenance, **sources, **weights, **_start_weights(assembly)}
        record |= {"sweep": dict(start.trial)} if start.trial else {}
        writer = start.take(config, record, surroundings.patch)
        taken.append(writer)
        start.note_same(config, record, writer)
        _tell_of_no_key(config)
        return str(writer.paths.path), writer.uuid, writer.segment

    path, uuid, segment = on_main(take)
    return taken[0] if taken else ReadOnlyWriter(RunPaths(Path(path)), uuid, segment)


def _tell_of_patch(git: Mapping[str, Any]) -> None:
    """Warn where the code cannot be had again from the commit and the patch."""
    if git.get("commit") and git["reason"]:
        LOGGER.warning("code.patch: %s", git["reason"])


def _tell_of_no_key(config: Mapping[str, Any]) -> None:
    """Warn where the user is to be asked for a word that no signature could give."""
    if own_key() is None and import_paths(config):
        what = "no key can be kept in %s: the run is not signed, and who takes it up types --trust"
        LOGGER.warning(what, key_file().parent)


def _digest_of_start(start: RunStart, assembly: Assembly) -> dict[str, str]:
    """Return by what the start weights are known again that the config cannot rebuild."""
    if not start.keeps_start(assembly):
        return {}
    return {"initial_weights_sha256": weights_digest(assembly.model.network.state_dict())}


def _start_weights(assembly: Assembly) -> dict[str, Any]:
    """Return what provenance.json holds of the weights that the network has of others."""
    records = [one.to_json() for one in assembly.started_from.records]
    return {"start_weights": records} if records else {}


def _write_inputs(writer: Writer, assembly: Assembly, *, keeps_start: bool) -> None:
    """Write what the config alone cannot give back: statistics, start weights, a class's text."""
    data, model = assembly.data, assembly.model
    if data.normalization is not None:
        values = {"format_version": FORMAT_VERSION, **data.normalization.to_json()}
        writer.commit(writer.paths.normalization, values)
    if keeps_start:
        commit_weights(writer, writer.paths.initial_weights, model.network.state_dict())
    commit_frozen(writer, assembly.resolved)
    made_by = constructor_of(assembly)
    source = source_of(made_by) if is_user_code(made_by) else None
    # What the run was begun with stays, whatever goes on with it: the segments tell.
    if source is not None and not writer.paths.model_source.exists():
        writer.commit(writer.paths.model_source, source)


def _sources(session: Session) -> Tables:
    users = {f"callback {type(one).__name__}": type(one) for one in session.callbacks.in_order}
    movers = {part_name("optimizer", name): type(one) for name, one in session.optimizers.items()}
    used = used_by(session.assembly) | movers | users
    return sources_of(used)


def _seeds(assembly: Assembly) -> dict[str, int]:
    config = assembly.config
    seeds = {"seed": config.seed, "model_seed": config.model_kwargs.model_seed}
    seeds |= {key: getattr(config.dataset_kwargs, key) for key in ("split_seed", "subsample_seed")}
    return {name: seed for name, seed in seeds.items() if seed is not None}
