"""Each example runs by itself and does what it says."""

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stride import load_run, open_runs
from tests.warm import Warm

EXAMPLES = Path(__file__).parents[2] / "examples"


Run = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the examples to run them in."""
    skip = shutil.ignore_patterns("work_dirs", "__pycache__")
    return Path(shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=skip))


@pytest.fixture
def run(warm: Warm) -> Run:
    """Return what runs Python in a folder and gives what it says on stdout, or else on stderr."""

    def run(folder: Path, *words: str, code: int = 0) -> str:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}
        done = warm.python(*words, folder=folder, environment=environment)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout

    return run


def as_its_page_says(folder: Path, run: Run) -> list[str]:
    """Run the commands of an example's page, one after the other; return what each printed."""
    text = (folder / "README.md").read_text()
    lines = "".join(
        re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ).splitlines()
    words = [
        line.replace("stride", "python -m stride", line.startswith("stride")) for line in lines
    ]
    assert words and all(line.startswith("python ") for line in words)
    return [run(folder, *shlex.split(line)[1:]) for line in words]


def test_every_example_is_tested() -> None:
    names = {path.name for path in EXAMPLES.iterdir() if path.name not in ("__pycache__",)}
    assert names - {"work_dirs"} == {
        "own_parts",
        "notebook_style.py",
        "custom_callback.py",
        "edge_and_datacentre",
        "active_digits.py",
        "pendulums.py",
        "dqn_cartpole.py",
        "ppo_cartpole.py",
        "sac_pendulum.py",
        "rl_curves.py",
        "sweep_tpe_vs_random.py",
        "recipes",  # by test_recipes.py
    }


def test_own_parts(folder: Path, run: Run) -> None:
    own = folder / "own_parts"
    first, second, listed = as_its_page_says(own, run)
    assert load_run(first.splitlines()[-1]).raw_config["dataset_kwargs"]["noise"] == 0.1
    assert {line[0] for line in listed.splitlines()[1:]} == {"0", "1"}
    loaded = load_run(second.splitlines()[-1])
    assert loaded.raw_config["model_kwargs"]["model_name"] == "nets:TinyNet"
    assert loaded.raw_config["model_kwargs"]["in_features"] == 2  # by the data
    assert loaded.raw_config["dataset_kwargs"]["noise"] == 0.15
    assert loaded.provenance["origins"]["dataset_kwargs.noise"].endswith("rings.toml:4")
    assert loaded.results["test"]["test/accuracy"] > 0.8
    evaluated = json.loads(run(own, "-m", "stride", "evaluate", str(loaded.path), "--json"))
    assert evaluated == loaded.results["test"]


def test_own_parts_refuse_a_wrong_argument(folder: Path, run: Run) -> None:
    own = folder / "own_parts"
    command = ["-m", "stride", "--config", "work_dir=W", "--config-file", "rings.toml"]
    error = run(own, *command, "--config", "model_kwargs.widht=64", code=2)
    assert (
        error
        == "stride: error: unknown key model_kwargs.widht (override 2); did you mean 'width'?\n"
    )
    assert not (own / "W").exists()


def test_notebook_style(folder: Path, run: Run) -> None:
    said = run(folder, "notebook_style.py", "W")
    assert "run 0: best validation loss" in said and "run 1: best validation loss" in said
    assert "learning rate: 0.01" in said
    pytest.importorskip("pandas")
    assert "train/epoch_loss  validation/epoch_loss" in said


def test_notebook_style_is_made_of_cells(folder: Path) -> None:
    text = (folder / "notebook_style.py").read_text()
    cells = text.split("# %% ")[1:]
    assert len(cells) >= 4
    for cell in cells:
        compile(cell.partition("\n")[2], "cell", "exec")  # no statement is cut in two


def test_custom_callback(folder: Path, run: Run) -> None:
    said = run(folder, "custom_callback.py", "W")
    loaded = load_run(folder / "W", 0)
    assert loaded.state == "done" and "is good enough" in loaded.reason
    assert "is good enough" in said
    last, rows = loaded.results["last"], loaded.metrics()
    assert last["epoch"] < 30 and last["validation/epoch_accuracy"] >= 0.97
    assert [row["step"] for row in rows if "train/batch_loss" in row] == [
        *range(1, last["step"] + 1)
    ]
    assert last["validation/missing_accuracy"] == 0


def test_custom_callback_by_its_import_path(folder: Path, run: Run) -> None:
    given = 'training_config.callbacks=["custom_callback:GoodEnough"]'
    command = ["-m", "stride", "--config", "work_dir=W", "--config", given]
    path = run(folder, *command).splitlines()[-1]
    assert "is good enough" in load_run(path).reason


def accuracies(said: str) -> list[float]:
    return [float(number) for number in re.findall(r"edge: accuracy ([\d.]+)", said)]


def test_edge_and_datacentre(folder: Path, run: Run) -> None:
    here = folder / "edge_and_datacentre"
    said, without_drift = as_its_page_says(here, run)
    assert "edge: risen at sample 700: calibration error, mean entropy; asking" in said
    assert said.count("asking for weights") == 1
    values = accuracies(said)
    assert len(values) == 11 and min(values[:6]) > 0.9
    assert values[6] < 0.4 and min(values[7:]) > values[6] + 0.2
    second = load_run(here / "work" / "datacentre" / "runs", 1)
    assert second.raw_config["model_kwargs"]["init_from"] == "work/datacentre/runs/0"
    names = [path.name for path in sorted((here / "work").glob("to_*/*"))]
    assert names == ["finished", "request-1", "weights-0", "weights-1"]  # and nothing unfinished
    assert "asking" not in without_drift and "done after 1 runs" in without_drift
    assert len(accuracies(without_drift)) == 11


def test_active_digits(folder: Path, run: Run) -> None:
    """Smaller than the example, which has five seeds and 200 labels."""
    said = run(folder, "active_digits.py", "W", "2", "60")
    cells = [re.split(r"  +", line.strip()) for line in said.splitlines()]
    rows = {row[0]: row[1:] for row in cells}
    names = ["BADGE", "CoreSet", "EntropySampling", "MarginSampling", "UniformSampling"]
    assert sorted(rows["labels"]) == names
    assert len(set(rows["10"])) == 1  # all of them start alike
    means = [float(cell.split(" ± ")[0]) for cell in rows["area"]]
    areas = dict(zip(rows["labels"], means, strict=True))
    assert max(areas.values()) > areas["UniformSampling"] > 0.5
    assert list(areas.values()) == sorted(areas.values(), reverse=True)
    uniform = rows["labels"].index("UniformSampling")
    assert rows["minus Uniform"][uniform] == rows["which is"][uniform] == "-"
    assert {"better", "worse", "unclear", "-"} >= set(rows["which is"])
    assert (folder / "W" / "curves.json").is_file()
    assert run(folder, "active_digits.py", "W", "2", "60") == said  # nothing is done again


def test_pendulums(folder: Path, run: Run) -> None:
    assert run(folder, "pendulums.py", "W").splitlines()[-1].startswith("drift after two seconds")
    loaded = load_run(folder / "W", 0)
    assert loaded.results["test"]["test/drift"] < 0.5
    told = run(folder, "-m", "stride", "reproduce", "W/0", "--steps", "50")
    assert "bit-identical over 50 steps" in told
    assert len((EXAMPLES / "pendulums.py").read_text().splitlines()) <= 80


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "solved"),
    [("dqn_cartpole", 475), ("ppo_cartpole", 475), ("sac_pendulum", -200)],
)
def test_an_algorithm_solves_its_problem(
    example: str, solved: float, folder: Path, run: Run
) -> None:
    said = run(folder, f"{example}.py", "W")
    loaded = load_run(folder / "W", 0)
    assert loaded.results["test"]["test/return"] >= solved
    assert f"mean return of 100 episodes: {loaded.results['test']['test/return']:.1f}" in said


def test_sweep_tpe_vs_random(folder: Path, run: Run) -> None:
    """Smaller than the example, which has ten seeds and 40 trials: here TPE has not begun."""
    said = run(folder, "sweep_tpe_vs_random.py", "W", "2", "3")
    *rows, verdict = said.splitlines()
    losses = [row.split()[1:] for row in rows[1:]]
    assert len(losses) == 2 and all(random == tpe for random, tpe in losses)
    assert losses[0] != losses[1]
    assert verdict == (
        "tpe minus random: +0.0000, 95% interval [+0.0000, +0.0000], 2 seeds: "
        "which is better is not shown"
    )
    assert run(folder, "sweep_tpe_vs_random.py", "W", "2", "3") == said
    assert len(open_runs(folder / "W")) == 12, "something is done again"


def rows_of_curves(said: str) -> dict[str, list[str]]:
    """Return the cells that the example of learning curves prints beside each problem."""
    rows = [re.split(r"  +", line.strip()) for line in said.splitlines()]
    assert rows[0] == ["STRIDE", "Stable-Baselines3", "difference"]
    return {name: cells for name, *cells in rows[1:]}


def test_rl_curves(folder: Path, run: Run) -> None:
    """One problem, one seed and one evaluation, where the example has three, five and ten."""
    rows = rows_of_curves(run(folder, "rl_curves.py", "W", "1", "CartPole-v1", "1"))
    loaded = load_run(folder / "W" / "CartPole-v1-5120", 0)
    assert rows["CartPole-v1"][0] == f"{loaded.results['last']['validation/return']:.1f}"
    assert b"CartPole-v1" in (folder / "W" / "curves.svg").read_bytes()


@pytest.mark.ecosystem("stable_baselines3")
def test_rl_curves_beside_stable_baselines3(folder: Path, run: Run) -> None:
    """Smaller than the example: two seeds, two problems and one evaluation."""
    small = ["rl_curves.py", "W", "2", "CartPole-v1,Pendulum-v1", "1"]
    said = run(folder, *small)
    for cells in rows_of_curves(said).values():
        assert all(re.match(r"-?[\d.]+ \[-?[\d.]+, -?[\d.]+\]", cell) for cell in cells)
        assert len(cells) == 3
        stride, peer, difference = (float(cell.split()[0]) for cell in cells)
        assert difference == pytest.approx(stride - peer, abs=0.15)
    kept = folder / "W" / "Pendulum-v1-1500" / "stable_baselines3-0.json"
    assert [*json.loads(kept.read_text())] == ["1500"]
    assert run(folder, *small) == said  # nothing is done again
