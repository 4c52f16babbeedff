"""`stride lr-find`: what it prints, and what it lets one paste."""

import shlex

from stride.runs.run import Run
from tests.stride_cli.programs.test_answer_schemas import check

WORDS = ["W", "model=MLP", "hidden=[16]", "device=cpu", "epochs=7", "run=found", "lr=0.5"]
RANGE = ["--min", "1e-4", "--max", "100", "--steps", "40"]


def test_it_prints_the_curve_what_to_type_and_the_folder(stride, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = stride("lr-find", *WORDS, "optimizer=SGD", *RANGE)
    header, *lines, folder = told.out.splitlines()
    assert folder.endswith("/W/found") and header.split() == ["lr", "loss", "smoothed"]
    rates = [line.split()[0] for line in lines if "suggested" not in line]
    assert [rates[0], rates[-1], len(rates)] == ["0.0001", lines[-1].split()[0], len({*rates})]
    (chosen,) = (line.split() for line in lines if line.endswith("suggested"))
    command = shlex.split(told.err.partition("to train with it, type: ")[2].splitlines()[0])
    assert command[:4] == ["stride", "train", "-w", "W"]
    kept = ["model=MLP", "hidden=[16]", "device=cpu", "epochs=7", "optimizer=SGD"]
    assert command[4:] == [*kept, f"optimizer_kwargs.lr={float(chosen[0])}"]
    assert max(map(len, [header, *lines])) <= 80
    assert Run("W/found").config.lr_find_config.num_steps == 40


def test_as_json_it_prints_one_value_also_where_nothing_is_suggested(stride) -> None:
    told = stride("lr-find", *WORDS, "--max", "1e-6", "--steps", "10", "--json")
    answer = check("lr-find", told.out)
    assert answer["run"] == "found" and told.err.splitlines()[-1] == answer["path"]
    assert (answer["suggestion"], answer["command"]) == (None, None)
    assert answer["reason"].startswith("no lr: the loss falls no further than it varies")
    assert [point["step"] for point in answer["curve"]] == [*range(1, 11)]
    assert answer["curve"][-1]["lr"] == 1e-6


def test_a_wrong_range_is_refused_before_there_is_a_folder(stride, tmp_path) -> None:
    told = stride("lr-find", "W", "--min", "1", "--max", "0.1")
    assert told.code == 2 and "type: lr_find_config.min_lr=1e-07" in told.err
    assert not (tmp_path / "W").exists()
