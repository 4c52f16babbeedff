"""`stride better --run`: what is missing is trained as an ordinary run, once, and then answered."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from stride import Trainer
from stride.runs.work_dir import WorkDir
from tests.stride_cli.programs.test_answer_schemas import check

TINY = ("model=MLP", "hidden=[4]", "subsample_rate=0.05", "epochs=1", "device=cpu")
ASKED = ("better", "W", "lr == 0.1", "lr == 0.2", "-m", "test/accuracy")

NETS = """
import os
import signal
from pathlib import Path
from torch import nn

class Net(nn.Linear):
    def __init__(self):
        super().__init__(64, 10)
    def forward(self, x):
        states = [path.read_text() for path in Path("W").glob("[0-9]/status.json")]
        if self.training and any('"running"' in text for text in states):
            if Path("interrupt").exists():
                Path("interrupt").unlink()
                os.kill(os.getpid(), signal.SIGINT)
            if Path("fail").exists():
                raise ValueError("as it was told")
        return super().forward(x.flatten(1))
"""


@pytest.fixture
def trained(stride):
    """Return a function that trains a run of W: its learning rate, seed and more words."""

    def train(lr: float, seed: int, *words: str) -> None:
        assert stride("train", "-w", "W", f"lr={lr}", f"seed={seed}", *(words or TINY)).code == 0

    return train


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained):
    """Train a seed of each rate with a network of the user's own."""
    (tmp_path / "nets_of_better.py").write_text(NETS)
    monkeypatch.syspath_prepend(str(tmp_path))
    own = ("model=nets_of_better:Net", "subsample_rate=0.05", "epochs=2", "device=cpu")
    trained(0.1, 0, *own)
    trained(0.2, 0, *own)
    yield own
    sys.modules.pop("nets_of_better", None)


def runs() -> list[str]:
    return WorkDir(Path("W")).names()


def results(run: str) -> dict:
    return json.loads(Path("W", run, "results.json").read_text())


def test_the_seeds_that_one_lacks_are_trained_once_as_ordinary_runs(stride, trained) -> None:
    trained(0.1, 0)
    trained(0.1, 1)
    trained(0.2, 0)
    plan = stride(*ASKED, "--plan")
    assert plan == (0, "run  becomes  seed  of\n-    new      1     lr == 0.2\n", "1 to train\n")
    found = check("better", stride(*ASKED, "--plan", "--seeds", "3", "--json").out)
    assert [(one["of"], one["seed"]) for one in found["runs"]] == [
        ("lr == 0.2", 1),
        ("lr == 0.1", 2),
        ("lr == 0.2", 2),
    ]
    assert stride(*ASKED, "--plan", "--seeds", "1").err == (
        "nothing to train: both have the same seeds\n"
    )
    assert runs() == ["0", "1", "2"]

    code, out, err = stride(*ASKED, "--run")
    assert code == 0 and "over seed 0, seed 1\n" in out and "  trained     1 run\n" in out
    assert "1/1  W/3  done  seed 1 of lr == 0.2\n" in err
    again = check("better", stride(*ASKED, "--run", "--json").out)
    assert again["trained"] == [] and again["difference"]["n"] == 2
    assert runs() == ["0", "1", "2", "3"]

    trained(0.2, 1)
    assert results("3")["weights_sha256"] == results("4")["weights_sha256"]
    provenance = json.loads(Path("W/3/provenance.json").read_text())
    assert "parent" not in provenance and provenance["overrides"] == ["seed=1"]


def test_a_query_need_not_hold_for_what_is_trained(stride, trained) -> None:
    trained(0.1, 5)
    trained(0.2, 5)
    asked = ("better", "W", "lr == 0.1 and seed == 5", "run == 1", "-m", "test/accuracy", "--run")
    done = check("better", stride(*asked, "--seeds", "2", "--json").out)
    assert [(one["seed"], one["status"]) for one in done["trained"]] == [(6, "done")] * 2
    assert done["pairs"] == [{"seed": 5}, {"seed": 6}]
    assert check("better", stride(*asked, "--seeds", "2", "--json").out)["trained"] == []
    assert len(runs()) == 4


def test_what_ctrl_c_leaves_is_resumed_by_the_same_command(stride, nets, trained) -> None:
    Path("interrupt").touch()
    code, out, err = stride(*ASKED, "--run", "--seeds", "2")
    assert (code, out) == (130, "") and "to go on, type the same command again\n" in err
    assert runs() == ["0", "1", "2"]
    plan = stride(*ASKED, "--plan", "--seeds", "2")
    assert (
        plan.err == "1 to train, 1 to be resumed\n" and "W/2  resumed  1     lr == 0.1" in plan.out
    )
    done = check("better", stride(*ASKED, "--run", "--seeds", "2", "--json").out)
    assert [(one["becomes"], one["status"]) for one in done["trained"]] == [
        ("resumed", "done"),
        ("new", "done"),
    ]
    assert runs() == ["0", "1", "2", "3"] and len(os.listdir("W/2/segments")) > 1
    trained(0.1, 1, *nets)
    assert results("2")["weights_sha256"] == results("4")["weights_sha256"]


def test_a_run_that_fails_is_told_by_the_answer_and_keeps_no_other_from_training(
    stride, nets
) -> None:
    Path("fail").touch()
    code, out, err = stride(*ASKED, "--run", "--seeds", "2")
    assert code == 1 and out.startswith("not yet: ")
    for n, (side, run) in enumerate((("lr == 0.1", "W/2"), ("lr == 0.2", "W/3")), start=1):
        assert f"  failed      seed 1 of {side}, {run}: ValueError: as it was told" in out
        assert f"{n}/2  {run}  failed  seed 1 of {side}: ValueError" in err
    Path("fail").unlink()
    assert stride(*ASKED, "--run").code == 0
    assert runs() == ["0", "1", "2", "3"]


def test_code_that_a_folder_names_is_run_by_its_owner_or_with_trust(stride, nets) -> None:
    Path("W/1/signature.json").unlink()
    for how in ("--plan", "--run"):
        code, out, err = stride(*ASKED, how, "--seeds", "2")
        assert (code, out) == (2, "") and "nets_of_better:Net" in err and "--trust" in err
    assert runs() == ["0", "1"]
    assert stride(*ASKED, "--run", "--seeds", "2", "--trust").code == 0


def test_runs_that_another_seed_alone_does_not_give_are_refused(stride, trained) -> None:
    trained(0.1, 0)
    trained(0.1, 1)
    trainer = Trainer("W", overrides=[*TINY, "lr=0.2"])
    trainer.set_model(Trainer("V", overrides=TINY).model.network)
    trainer.fit()
    code, _, err = stride(*ASKED, "--run")
    assert code == 2 and "MLP, was given from Python; in Python: trainer.set_model(" in err
    shutil.rmtree("W/2")
    assert stride("fork", "W/0", "lr=0.2", "epochs=2").code == 0
    code, _, err = stride(*ASKED, "--run")
    assert code == 2 and "a fork begins with the state of a checkpoint" in err
    assert "with another seed: stride fork " in err and "seed=N" in err
    trained(0.2, 0, *TINY, "epochs=3")
    code, _, err = stride(*ASKED, "--run")
    assert code == 2 and "lr == 0.2 is 2 configurations: max_epochs=2 " in err
    one = ("better", "W", "run == 0", "run == 1", "-m", "test/accuracy")
    assert stride(*one).code == 0
    code, _, err = stride(*one, "--run")
    assert code == 2 and "run == 0 and run == 1 are of one configuration; ask for two" in err
    assert runs() == ["0", "1", "3", "4"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--seeds", "3"], "--seeds says what is trained; type it with --run, or --plan"),
        (["--trust"], "--trust says what is trained"),
        (["--run", "--over", "lr"], "runs are trained over seeds, not over lr"),
    ],
)
def test_what_trains_nothing_is_refused(stride, study, words, what) -> None:
    code, out, err = stride(*ASKED, *words)
    assert (code, out) == (2, "") and what in err


def test_of_several_processes_none_trains(stride, study, monkeypatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    assert "type it without a launcher" in stride(*ASKED, "--run").err
