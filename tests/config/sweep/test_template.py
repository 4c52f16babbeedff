"""The two YAML files of an earlier template become a sweep; nothing of them is dropped silently."""

from pathlib import Path
from typing import Any

import pytest

from stride.config import resolve_layers
from stride.config.sweep.checks import require_keys
from stride.config.sweep.template import Template, read_template
from stride.config.sweep.template_file import component_name
from stride.errors import ConfigError

RUN = """project: Waves
device: cpu
net: waves_model.Net
optimizer: torch.optim.adamw.AdamW
scheduler: schedules.hyperbolic.Exp
epochs: 50
batch_size: 256
seeds: [89, 231]
net_config:
  nodes: 64
  layers: 4
optimizer_config:
  lr: 1.e-3
  eps: 1.e-10
scheduler_config: {max_iter: 50}
criterion: torch.nn.SmoothL1Loss
criterion_config: {beta: 0.5}
early_stopping_config: {enabled: true, patience: 7, mode: min, min_delta: 0.0001}
checkpoint_config:
  enabled: true
  save_every_n_epochs: 10
  keep_last_k: 3
  save_best: true
  monitor: val_loss
  mode: min
"""
OPTIMIZE = """study_name: Waves_Opt
trials: 20
seed: 42
metric: val_loss
direction: minimize
sampler:
  name: optuna.samplers.TPESampler
  kwargs: {n_startup_trials: 10}
pruner:
  name: pruner.PFLPruner
  kwargs: {top_k: 10}
search_space:
  net_config:
    nodes: {type: categorical, choices: [32, 64, 128]}
    layers: {type: int, min: 3, max: 5}
  optimizer_config:
    lr: {type: float, min: 1.e-3, max: 1.e-2, log: true}
  scheduler_config:
    max_iter: {type: int, min: 300, max: 400, step: 50}
"""
TABLE = "class Net:\n    def __init__(self, hparams, device='cpu'):\n        pass\n"
NAMED = "class Net:\n    def __init__(self, nodes=1, layers=1):\n        pass\n"


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(run: str = RUN, optimize: str = OPTIMIZE) -> Template:
    Path("run.yaml").write_text(run)
    Path("optimize.yaml").write_text(optimize)
    return read_template("run.yaml", "optimize.yaml")


def test_the_run_file_becomes_overrides_and_the_other_a_search() -> None:
    Path("waves_model.py").write_text(NAMED)
    template = read()
    spec = template.spec
    assert spec.overrides == {
        "device": "cpu",
        "training_config.max_epochs": 50,
        "load_data_kwargs.batch_size": 256,
        "model_kwargs.model_name": "waves_model:Net",
        "optimizer_kwargs.optimizer_name": "AdamW",
        "optimizer_kwargs.eps": 1e-10,
        "scheduler_kwargs.scheduler_name": "schedules.hyperbolic:Exp",
        "scheduler_kwargs.interval": "epoch",
        "criterion_kwargs.criterion_name": "SmoothL1Loss",
        "criterion_kwargs.beta": 0.5,
        "training_config.early_stopping": True,
        "training_config.stopping_metric": "validation/epoch_loss",
        "training_config.patience": 7,
        "training_config.mode": "min",
        "training_config.min_delta": 0.0001,
        "training_config.delta_mode": "relative",
        "checkpoint_config.every_epochs": 10,
        "checkpoint_config.keep_last": 3,
        "training_config.save_best": True,
        "training_config.saving_metric": "val_loss",
        "training_config.saving_mode": "min",
    }
    assert {key: str(one) for key, one in spec.search.items()} == {
        "model_kwargs.nodes": "choice(32,64,128)",
        "model_kwargs.layers": "int(3,5)",
        "optimizer_kwargs.lr": "float(0.001,0.01,log)",
        "scheduler_kwargs.max_iter": "int(300,400,step=50)",
    }
    assert (spec.trials, spec.seed, spec.seeds) == (20, 42, [89, 231])
    assert (spec.metric, spec.mode) == ("validation/epoch_loss", "min")
    assert spec.sampler_kwargs.model_dump() == {
        "sampler_name": "TPESampler",
        "n_startup_trials": 10,
    }
    assert spec.pruner_kwargs.model_dump() == {"pruner_name": "PFLPruner", "top_k": 10}
    assert template.name == "Waves_Opt"
    assert [note.partition(":")[0] for note in template.notes] == ["project"]
    with pytest.raises(ConfigError, match=r"no dataset takes the place of util\.load_data"):
        template.require_dataset(False)
    template.require_dataset(True)
    require_keys(spec, resolve_layers(work_dir="w").override)


def test_a_network_that_takes_its_config_as_one_table_gets_one() -> None:
    Path("waves_model.py").write_text(TABLE)
    template = read()
    assert [*template.spec.search][:2] == [
        "model_kwargs.hparams.nodes",
        "model_kwargs.hparams.layers",
    ]
    assert template.spec.overrides["model_kwargs.device"] == "cpu"
    assert "takes one table, so that its keys are model_kwargs.hparams.KEY" in template.notes[-1]
    require_keys(template.spec, resolve_layers(work_dir="w").override)


def test_a_network_that_is_not_found_is_noted() -> None:
    template = read()
    assert next(iter(template.spec.search)) == "model_kwargs.nodes"
    assert "the source of waves_model:Net is not found from here" in template.notes[-1]


def test_what_is_not_in_the_files_is_as_the_template_has_it() -> None:
    short = (
        "\n".join(RUN.splitlines()[:15]) + "\ncheckpoint_config: {enabled: false, keep_last_k: 3}\n"
    )
    template = read(
        short, OPTIMIZE.replace("seed: 42", "").replace("n_startup_trials: 10", "seed: 7")
    )
    assert template.spec.overrides["criterion_kwargs.criterion_name"] == "MSELoss"
    assert "checkpoint_config.keep_last" not in template.spec.overrides
    assert any(note.startswith("checkpoint_config: not enabled") for note in template.notes)
    assert template.spec.seed == 7
    assert template.spec.sampler_kwargs.model_dump() == {"sampler_name": "TPESampler"}


def test_a_grid_sampler_makes_a_grid() -> None:
    optimize = OPTIMIZE.partition("search_space")[0].replace("TPESampler", "GridSampler")
    lists = "search_space:\n  optimizer_config:\n    lr: {type: categorical, choices: [1, 2]}\n"
    spec = read(optimize=optimize + lists).spec
    assert (spec.kind, spec.grid) == ("grid", {"optimizer_kwargs.lr": [1, 2]})
    with pytest.raises(ConfigError, match="GridSampler takes lists of values"):
        read(optimize=OPTIMIZE.replace("TPESampler", "GridSampler"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("epochs: 50", "epoch: 50", "unknown key epoch (run.yaml:6); did you mean 'epochs'?"),
        (
            "patience: 7",
            "patiense: 7",
            "early_stopping_config.patiense (run.yaml:18); did you mean",
        ),
        (
            "net_config:\n  nodes: 64\n  layers: 4",
            "net_config: 3",
            "must be a table of keys, not 3",
        ),
        (
            "trials: 20",
            "trails: 20",
            "unknown key trails (optimize.yaml:2); did you mean 'trials'?",
        ),
        ("minimize", "minimise", "not \"minimise\" (optimize.yaml:5); did you mean 'minimize'?"),
        ("trials: 20", "trials: 0", "trials must be greater than or equal to 1, not 0 (files run"),
        ("min: 3", "min: 6", "its lower end is above the upper one (optimize.yaml:15); did you"),
        ("type: int, min: 3", "type: integer, min: 3", "it is not a dimension (optimize.yaml:15)"),
        (
            "log: true",
            "lgo: true",
            "optimizer_config.lr.lgo (optimize.yaml:17); did you mean 'log'",
        ),
        ("  net_config:\n    nodes", "  net_confg:\n    nodes", "did you mean 'net_config'?"),
    ],
)
def test_a_mistake_is_refused_with_its_line(old: str, new: str, told: str) -> None:
    assert (old in RUN) or (old in OPTIMIZE)
    with pytest.raises(ConfigError) as caught:
        read(RUN.replace(old, new), OPTIMIZE.replace(old, new))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("torch.optim.adamw.AdamW", "AdamW"),
        ("torch.optim.lr_scheduler.StepLR", "StepLR"),
        ("torch.nn.MSELoss", "MSELoss"),
        ("torch.nn.functional.mse_loss", "torch.nn.functional:mse_loss"),
        ("torch.optimal.X", "torch.optimal:X"),
        ("optuna.pruners.MedianPruner", "MedianPruner"),
        ("pruner.PFLPruner", "PFLPruner"),
        ("hyperbolic_lr.ExpHyperbolicLR", "ExpHyperbolicLR"),
        ("own.pruner.PFLPruner", "own.pruner:PFLPruner"),
        ("recipes.model.CNN", "recipes.model:CNN"),
        ("a.b:C", "a.b:C"),
        ("MLP", "MLP"),
        (None, None),
    ],
)
def test_a_dotted_path_becomes_the_name_here(path: Any, name: Any) -> None:
    assert component_name(path) == name
