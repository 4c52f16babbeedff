"""A kind of training that a user writes is refused where it would do something else in silence."""

import pytest

from stride.errors import ComponentError, RunError
from stride.trainer.fit.kind import Kind, Supervised, kind_of
from stride.trainer.trainer import Trainer


def trainer_of(folder, kind, **config):
    """Make a trainer of a kind, small and silent."""
    made = type("Own", (Trainer,), {"kind": kind, "__module__": __name__})
    globals()["Own"] = made
    return made(
        folder,
        trainer=f"{__name__}:Own",
        logging_config={"terminal_display": "off"},
        dataset_kwargs={"subsample_rate": 0.1},
        model_kwargs={"model_name": "MLP", "hidden": [4]},
        training_config={"max_epochs": 1},
        **config,
    )


class Nothing(Supervised):
    """Forget every `return`."""

    def __init__(self, *methods):
        for method in methods:
            setattr(self, method, lambda *arguments: None)


def forgetting(*methods):
    made = {"__init__": lambda self: Nothing.__init__(self, *methods)}
    return type("Forgetting", (Nothing,), made)


@pytest.mark.parametrize(
    ("method", "what", "hint"),
    [
        ("loops", "gives NoneType, not Iterable", "yield session.loop()"),
        ("evaluate", "gives NoneType, not Mapping", 'return {f"{split}/NAME": value}'),
        ("loaders", "gives NoneType, not Mapping", "return {}"),
        ("complete", "gives NoneType, not Resolved", "return resolved"),
    ],
)
def test_a_method_that_returns_nothing_is_named_with_what_to_write(tmp_path, method, what, hint):
    with pytest.raises(ComponentError, match=f"Forgetting.{method} {what}") as told:
        trainer_of(tmp_path, forgetting(method)).fit()
    assert hint in told.value.hint


def test_a_loop_that_is_not_called_is_not_a_loop(tmp_path):
    class Uncalled(Supervised):
        def loops(self, session):
            yield session.loop

    with pytest.raises(ComponentError, match=r"Uncalled.loops gives method, not Loop"):
        trainer_of(tmp_path, Uncalled).fit()


def test_an_evaluation_that_returns_nothing_is_told_outside_of_a_training_too(tmp_path):
    with pytest.raises(ComponentError, match=r"Forgetting.evaluate gives NoneType"):
        trainer_of(tmp_path, forgetting("evaluate")).evaluate("test")


@pytest.mark.parametrize("kind", ["active", Supervised(), dict, None])
def test_what_is_not_a_kind_is_refused(tmp_path, kind):
    with pytest.raises(ComponentError, match=r"Own.kind is .*, not a class of stride.Kind"):
        trainer_of(tmp_path, kind)


def test_a_kind_without_loops_is_refused_by_the_name_of_what_it_lacks(tmp_path):
    with pytest.raises(ComponentError, match="Bare does not define loops"):
        trainer_of(tmp_path, type("Bare", (Kind,), {}))


@pytest.mark.parametrize(
    ("attribute", "value", "what", "hint"),
    [
        ("evaluates", ("validaton",), "'validaton' is not a split", "did you mean 'validation'?"),
        ("evaluates", ("train",), "'train' is not a split", "validation, test"),
        ("evaluates", "test", "it is a text", "evaluates = ('test',)"),
        ("fixed_keys", ("training_config.max_epoch",), "unknown key", "did you mean 'max_epochs'?"),
        ("fixed_keys", ("max_epochs",), "unknown key max_epochs", "training_config.max_epochs"),
        ("fixed_keys", "seed", "it is a text", "fixed_keys = ('seed',)"),
    ],
)
def test_a_name_that_is_not_there_is_refused(tmp_path, attribute, value, what, hint):
    with pytest.raises(ComponentError, match=what) as told:
        trainer_of(tmp_path, type("Mistyped", (Supervised,), {attribute: value}))
    assert hint in told.value.hint and told.value.where == f"Mistyped.{attribute}"


@pytest.mark.parametrize(
    "key", ["seed", "training_config.patience", "model_kwargs.width", "logging_config."]
)
def test_keys_that_are_there_may_be_fixed(key):
    trainer = type("Own", (), {"kind": type("Fixed", (Supervised,), {"fixed_keys": (key,)})})
    assert kind_of(trainer).fixed_keys == (key,)


@pytest.mark.parametrize("key", ["checkpoint_config.keep_last", "checkpoint_config."])
def test_a_key_of_a_section_that_may_change_is_fixed_all_the_same(tmp_path, key):
    kind = type("Fixed", (Supervised,), {"fixed_keys": (key,)})
    trainer_of(tmp_path, kind).fit()
    longer = {"training_config.max_epochs": 2}
    with pytest.raises(RunError, match=r"checkpoint_config.keep_last was"):
        trainer_of(tmp_path, kind).fit(longer | {"checkpoint_config.keep_last": 7}, resume=0)
    trainer_of(tmp_path, kind).fit(longer, resume=0)
