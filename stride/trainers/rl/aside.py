"""Take what another process has evaluated for what the training has found."""

from dataclasses import replace

from stride.models.weights import read_weights
from stride.runs.evaluations.read import best_evaluation
from stride.trainer.fit.monitors import saving_monitor
from stride.trainer.fit.session import Session

_PLACE = ("step", "epoch", "time", "checkpoint", "overrides")


def take_best(session: Session) -> None:
    """Let the run's best weights be the best that were evaluated aside, where there are some."""
    paths, training = session.run.paths, session.assembly.config.training_config
    row = best_evaluation(paths)
    if not row or not training.save_best:
        return
    monitor = saving_monitor(training, validated=True)
    values = {name: value for name, value in row.items() if name not in _PLACE}
    place = {"step": row["step"], "epoch": row["epoch"]}
    found = {"value": values[monitor.metric], **place, "metrics": values}
    weights = read_weights(paths.best_evaluated)
    session.callbacks.best.load_state_dict({"best": found, "weights": weights})
    session.callbacks = replace(session.callbacks, monitor=monitor)
