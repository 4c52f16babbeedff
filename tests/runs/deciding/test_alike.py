"""Which runs are alike, also where not all of them have the same keys."""

from stride.runs.deciding.alike import alike, whole_settings
from tests.runs.deciding.conftest import write_run


def names(found):
    return [[facts.row.name for facts in one.runs] for one in found]


def test_only_keys_that_differ_are_told(work_dir, select):
    write_run(work_dir, 0, 0)
    write_run(work_dir, 1, 1)
    write_run(work_dir, 2, 0, config={"optimizer_kwargs.lr": 0.5, "model_kwargs.depth": 3})
    facts = select(work_dir).facts[::-1]
    one, other = alike(facts, ["seed"])
    assert names([one, other]) == [["0", "1"], ["2"]]
    assert one.settings == {"optimizer_kwargs.lr": 0.1, "data": "d0"}
    assert other.settings == {"optimizer_kwargs.lr": 0.5, "model_kwargs.depth": 3, "data": "d0"}
    assert whole_settings(facts[2], ["seed"])["model_kwargs.model_name"] == "MLP"
    assert alike([], ["seed"]) == []


def test_a_key_that_an_older_stride_did_not_know_has_its_default(work_dir, select):
    write_run(work_dir, 0, 0)
    write_run(work_dir, 1, 1, config={"training_config": {"clip_grad_norm": None}})
    write_run(work_dir, 2, 2, config={"training_config": {"clip_grad_norm": 1.0}})
    facts = select(work_dir).facts[::-1]
    assert names(alike(facts, ["seed"])) == [["0", "1"], ["2"]]
    assert names(alike(facts[::-1], ["seed"])) == [["2"], ["1", "0"]]


def test_seeds_of_parts_follow_the_seed_of_the_run_or_stay(work_dir, select):
    for seed in (0, 1):
        parts = [{"name": "MLP", "model_seed": 7 + seed}]
        write_run(work_dir, seed, seed, config={"model_kwargs.parts": parts})
        write_run(work_dir, 10 + seed, seed, config={"model_kwargs.parts": [{"model_seed": 7}]})
    found = alike(select(work_dir).facts[::-1], ["seed"])
    assert ["0", "1"] in names(found)
