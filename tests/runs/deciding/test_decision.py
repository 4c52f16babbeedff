"""Whether one configuration is better than another."""

import pytest

from stride.errors import UserError
from stride.runs.deciding.decision import decide
from tests.runs.deciding.conftest import write_run

GOOD, BAD = (0.90, 0.91, 0.92, 0.93), (0.80, 0.81, 0.83, 0.83)


@pytest.fixture
def decided(work_dir, tmp_path, select):
    def ask(one, other, metric="test/accuracy", mode=None):
        places = [tmp_path / name for name in (one, other)]
        selection = select(*places)
        sides = [
            (name, [facts for facts in selection.facts if facts.row.path.parent == place])
            for name, place in zip((one, other), places, strict=True)
        ]
        return decide(*sides, selection.field(metric), mode=mode)

    for name, values in {"good": GOOD, "bad": BAD}.items():
        for seed, value in enumerate(values):
            config = {"optimizer_kwargs.lr": 0.1 if name == "good" else 0.2}
            write_run(tmp_path / name, seed, seed, accuracy=value, config=config)
    return ask


def test_yes_and_no(decided):
    found = decided("good", "bad")
    assert (found.answer, found.mode, found.pairs) == ("yes", "max", [(0,), (1,), (2,), (3,)])
    assert found.paired.mean == pytest.approx(0.0975) and found.paired.further() == 0
    assert found.settings == {"optimizer_kwargs.lr": (0.1, 0.2)}
    assert decided("bad", "good").answer == "no"
    assert decided("bad", "good", mode="min").answer == "yes"


def test_not_yet_says_how_many_more_seeds_it_would_take(decided, tmp_path):
    near = {"config": {"optimizer_kwargs.lr": 0.3}}
    for seed, value in enumerate((0.89, 0.92, 0.90, 0.93)):
        write_run(tmp_path / "near", seed, seed, accuracy=value, **near)
    found = decided("good", "near")
    assert found.answer == "not yet" and found.paired.further() > 4


def test_only_seeds_of_both_count_and_the_others_are_named(decided, tmp_path):
    write_run(tmp_path / "good", 9, 9, accuracy=0.1, config={"optimizer_kwargs.lr": 0.1})
    write_run(tmp_path / "bad", 8, 8, state="failed", config={"optimizer_kwargs.lr": 0.2})
    found = decided("good", "bad")
    assert found.pairs == [(0,), (1,), (2,), (3,)] and found.answer == "yes"
    assert found.one.measured.missing == [(8,)] and found.other.measured.missing == [(9,)]
    assert found.other.measured.left_out[(8,)].why == "failed"


def test_the_same_config_may_be_compared_with_itself_under_other_code(decided, tmp_path):
    for seed, value in enumerate(BAD):
        config = {"optimizer_kwargs.lr": 0.1}
        write_run(tmp_path / "old", seed, seed, accuracy=value, config=config)
    found = decided("good", "old")
    assert found.answer == "yes" and found.settings == {}


def test_what_cannot_be_compared_is_refused(decided, tmp_path):
    write_run(tmp_path / "bad", 20, 0, config={"optimizer_kwargs.lr": 0.7})
    with pytest.raises(UserError, match=r"bad is 2 configurations: lr=0.2; lr=0.7"):
        decided("good", "bad")
    with pytest.raises(UserError, match=r"good/0 is of both good and good"):
        decided("good", "good")
    write_run(tmp_path / "empty", 0, state="queued")
    (tmp_path / "empty" / "0" / "config.json").unlink()
    with pytest.raises(UserError, match="no run to compare of empty"):
        decided("good", "empty")


def test_a_metric_that_does_not_tell_which_way_is_better(decided, tmp_path):
    for results in tmp_path.glob("*/*/results.json"):
        results.write_text(results.read_text().replace("accuracy", "thing"))
    with pytest.raises(UserError, match="does not tell whether") as told:
        decided("good", "bad", "test/thing")
    assert "--mode max" in told.value.hint
