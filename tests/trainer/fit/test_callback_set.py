"""Who watches a training: the order, the names of states, metrics that must exist."""

import pytest

from stride.callbacks.base import Callback
from stride.engine.stopping import StopRequest
from stride.errors import ComponentError, ConfigError
from stride.runs.run import Run
from stride.trainer.fit.callback_set import build_callbacks


class Counting(Callback):
    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


def names(callbacks):
    return [type(callback).__name__ for callback in callbacks.in_order]


def test_the_users_come_first_and_the_decision_to_stop_last(make):
    assembly = make(
        training_config={"early_stopping": True, "callbacks": ["stride.callbacks.base:Callback"]}
    ).comprehend_config()
    callbacks = build_callbacks(assembly, [Counting()])
    assert names(callbacks) == [
        "Callback",
        "Counting",
        "BestWeights",
        "Checkpoints",
        "EarlyStopping",
    ]


def test_states_have_names_that_two_of_a_kind_do_not_share(make):
    callbacks = build_callbacks(make().comprehend_config(), [Counting(), Callback(), Counting()])
    assert list(callbacks.stateful()) == [
        "callback-Counting",
        "callback-Counting+1",
        "callback-BestWeights",
        "callback-Checkpoints",
    ]


def test_early_stopping_decides_again_for_a_run_that_was_killed_before_it_could(make):
    training = {"early_stopping": True, "patience": 1}
    callbacks = build_callbacks(make(training_config=training).comprehend_config(), [])
    trainer, stop = make(), StopRequest()
    for loss in (1.0, 2.0):
        callbacks.reconsider(stop)
        assert not stop
        callbacks.in_order[-1].after_evaluate(trainer, {"validation/epoch_loss": loss})
    callbacks.reconsider(stop)
    assert stop.status == "done" and stop.reason.startswith("early stopping")


def test_a_metric_has_to_be_given_unless_a_callback_may_add_it(make):
    class Adding(Callback):
        def after_evaluate(self, trainer, metrics):
            metrics["mine"] = 1.0

    assembly = make(
        training_config={"saving_metric": "mine", "saving_mode": "max"}
    ).comprehend_config()
    assert build_callbacks(assembly, []).followed == {"training_config.saving_metric": "mine"}
    callbacks = build_callbacks(assembly, [Adding()])
    assert callbacks.monitor.metric == "mine" and not callbacks.followed
    assert names(callbacks)[-1] == "RequireMetrics"  # it says so where the callback does not


def test_what_is_no_callback_is_refused(make):
    assembly = make(training_config={"callbacks": ["collections:Counter"]}).comprehend_config()
    with pytest.raises(ComponentError, match="gives a Counter, not a stride"):
        build_callbacks(assembly, [])


def test_a_class_or_another_object_is_no_callback(make):
    assembly = make().comprehend_config()
    for thing in (Counting, object()):
        with pytest.raises(ComponentError, match=r"callbacks gives a .*, not a stride"):
            build_callbacks(assembly, [thing])


def test_an_alarm_of_overfitting_is_asked_for_by_the_config(make):
    trainer = make(training_config={"overfitting_window": 2, "max_epochs": 3})
    trainer.fit()
    rows = [row for row in Run(trainer.run.path).metrics() if "validation/epoch_loss" in row]
    seen = [[row["train/epoch_loss"], row["validation/epoch_loss"]] for row in rows[-2:]]
    assert trainer.state.parts["callback-OverfittingAlarm"].state_dict()["losses"] == seen


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"overfitting_window": 1}, r"overfitting_window must be greater than or equal to 2"),
        ({"overfitting_window": 3, "with_validation": False}, "none is validated on"),
        ({"overfitting_windw": 3}, "did you mean 'overfitting_window'"),
    ],
)
def test_an_alarm_that_cannot_ring_leaves_no_folder(make, tmp_path, training, said):
    with pytest.raises(ConfigError, match=said):
        make(training_config=training).fit()
    assert not (tmp_path / "w").exists()
