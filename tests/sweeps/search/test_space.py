"""Values of a search as Optuna's storage can hold them, and as the config takes them."""

import optuna
import pytest

from stride.config.sweep.space import Choice, FloatRange, read_dimension
from stride.sweeps.search.samplers import build_sampler
from stride.sweeps.search.space import Space, decoded, distribution, encoded


def space_of(**texts) -> Space:
    return Space({key: read_dimension(one, key) for key, one in texts.items()})


@pytest.mark.parametrize(
    "values",
    [
        [[64], [64, 64]],
        [{"a": 1}, {"a": 2}],
        [True, 1],
        [False, 0, None, ""],
        ["[64]", [64]],
        ["null", None],
        ['"a"', "a"],
        [1, 2.5, "x"],
    ],
)
def test_every_choice_comes_back_as_it_was(values, tmp_path) -> None:
    study = optuna.create_study(storage=f"sqlite:///{tmp_path / 'choices.db'}")
    space = Space({"x": Choice(values=values)})
    for value in values:
        (stored,) = space.stored({"x": value}).values()
        study.enqueue_trial({"x": stored})
    found = [space.suggest(study.ask())["x"] for _ in values]
    assert [(type(one), one) for one in found] == [(type(one), one) for one in values]
    read = [space.value("x", one.params["x"]) for one in study.get_trials()]
    assert read == values


def test_texts_are_json_only_where_one_could_be_mistaken() -> None:
    assert encoded(["a", [1]]) == ["a", "[1]"]
    assert encoded(["[1]", [1], "a"]) == ['"[1]"', "[1]", '"a"']
    assert decoded(["[1]", [1]], '"[1]"') == "[1]"


def test_ranges_keep_their_step_and_scale() -> None:
    assert distribution(read_dimension("int(2,8,step=2)")).step == 2
    assert distribution(read_dimension("int(2,9,step=3)")).high == 8
    assert distribution(read_dimension("float(0,1,step=0.3)")).high == 0.9
    assert distribution(read_dimension("float(0.1,0.7,step=0.2)")).high == 0.7
    assert distribution(read_dimension("float(1e-3,1,log)")).log
    assert not distribution(FloatRange(low=0, high=1)).log


def test_a_condition_decides_what_is_drawn() -> None:
    space = space_of(name="choice(SGD,AdamW)", momentum="float(0,1) if name=SGD")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found = [space.suggest(study.ask()) for _ in range(20)]
    assert {(one["name"], "momentum" in one) for one in found} == {("SGD", True), ("AdamW", False)}
    assert all(map(space.holds, found))
    assert not space.holds({"name": "AdamW", "momentum": 0.5})
    assert not space.holds({"name": "SGD"})
    assert not space.holds({"name": "SGD", "momentum": 2})
    assert space.holds({"name": "AdamW", "other": 3}), "a key that is not searched does not count"


@pytest.mark.parametrize(
    ("texts", "size"),
    [
        ({"a": "int(1,3)", "b": "choice(x,y)"}, 6),
        ({"a": "float(0,1,step=0.1)"}, 11),
        ({"a": "int(1,10,step=4)"}, 3),
        ({"a": "float(0,1)"}, None),
        ({"a": "choice(x,y)", "b": "int(1,3) if a=x"}, 4),
        ({"a": "choice(x,y)", "b": "int(1,3) if a=x", "c": "choice(1,2) if b in (1,2)"}, 6),
        ({"a": "int(1,3)", "b": "choice(x,y) if a in (1,2)", "c": "int(1,2)"}, 10),
    ],
)
def test_the_points_of_a_space_are_counted(texts, size) -> None:
    space = space_of(**texts)
    assert space.size == size
    if size is not None:
        brute = build_sampler("brute_force", {}, 0, {})
        study = optuna.create_study(sampler=brute)
        drawn = [str(space.suggest(study.ask())) for _ in range(size)]
        assert len({*drawn}) == size, "as many as brute force finds"
