"""`stride evaluate --follow`: a line for each checkpoint, and what is refused."""

import threading

import pytest

from stride import Trainer
from stride.runs.evaluations.write import sole_evaluator
from stride.runs.layout import RunPaths


@pytest.fixture
def paths(stride, tmp_path):
    """Give the files of a run of two epochs with a checkpoint of each."""
    trainer = Trainer(
        "W",
        dataset_kwargs={"subsample_rate": 0.2},
        model_kwargs={"model_name": "MLP", "hidden": [16]},
        training_config={"max_epochs": 2},
        checkpoint_config={"every_epochs": 1, "keep_last": 2},
        logging_config={"terminal_display": "off"},
    )
    trainer.fit()
    return RunPaths(tmp_path / "W" / "0")


def test_each_checkpoint_has_its_line_once(stride, paths) -> None:
    code, out, err = stride("evaluate", "W/0", "--follow", "--every", "0.5")
    last, first = out.splitlines()
    assert last.startswith("epoch 2, step 8: validation/epoch_accuracy = ")
    assert last.endswith(" (the best so far)")
    assert first.startswith("epoch 1, step 4: ") and not first.endswith(")")
    assert (code, err) == (0, "W/0: 2 checkpoints evaluated\n")
    assert stride("evaluate", "W/0", "-f") == (0, "", "W/0: 0 checkpoints evaluated\n")
    code, out, _ = stride("evaluate", "W/0", "-f", "--split", "test", "--metrics", "f1, accuracy")
    assert [line.partition(" = ")[0] for line in out.splitlines()] == [
        "epoch 2, step 8: test/accuracy",
        "epoch 1, step 4: test/accuracy",
    ]
    shown = stride("show", "W/0").out
    assert "evaluated   last of 2: test/accuracy = " in shown
    assert "            best: validation/epoch_accuracy = " in shown
    rows = stride("metrics", "W/0", "--evaluations", "-m", "val_loss", "--csv").out.splitlines()
    assert rows[0] == "epoch,step,validation/epoch_loss" and len(rows) == 3
    assert stride("verify", "W/0").code == 0


def test_a_second_process_is_refused(stride, paths) -> None:
    held, told = threading.Event(), threading.Event()

    def hold() -> None:
        with sole_evaluator(paths):
            held.set()
            told.wait()

    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    code, out, err = stride("evaluate", "W/0", "--follow")
    told.set()
    other.join()
    what = "stride: error: another process evaluates the checkpoints of this run"
    assert (code, out, err[: len(what)]) == (2, "", what)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--every", "3"], "--every says how often to look for checkpoints; add --follow"),
        (["--follow", "--json"], "leave --json away: evaluations.jsonl in the run is for programs"),
        (["--follow", "--split", "tset"], "there is no split 'tset'; did you mean 'test'?"),
    ],
)
def test_what_makes_no_sense(stride, paths, words, what) -> None:
    code, out, err = stride("evaluate", "W/0", *words)
    assert (code, out) == (2, "")
    assert what in err


def test_a_run_without_evaluations_says_how_to_have_some(stride, paths) -> None:
    code, _, err = stride("metrics", "W/0", "--evaluations")
    assert code == 2 and "type: stride evaluate W/0 --follow" in err
