"""Each recipe, killed in the middle of an epoch, goes on bit by bit, and is done again so."""

from importlib import import_module
from pathlib import Path

import pytest
import torch

from stride import Trainer, load_run
from tests.integration.same_runs import problems_of
from tests.trainer.killing import Killed, Killer

RECIPES = Path(__file__).parents[2] / "examples" / "recipes"
STAGES = {
    "distillation": ["teach", "learn"],
    "pinn": ["adam", "lbfgs"],
    "simclr": ["pretrain", "probe", "tune"],
}
"""What a recipe trains one after the other, each a run; `train` where it is one."""

NAMES = sorted(path.stem for path in RECIPES.glob("*.py"))
QUIET = {"loggers": ["csv"], "terminal_display": "off"}
OFTEN = {"every_steps": 5, "background": False}


@pytest.fixture(autouse=True)
def one_thread():
    """Let the tiny tensors not wait for threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_recipe_goes_on_and_is_done_again_bit_by_bit(name, tmp_path):
    recipe = import_module(f"examples.recipes.{name}")
    options = {"checkpoint_config": OFTEN, "logging_config": QUIET}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for run, stage in enumerate(STAGES.get(name, ["train"])):
        getattr(recipe, stage)(whole, **options)
        first = load_run(whole, run)
        begins = first.provenance.get("parent", {}).get("step", 0)
        with pytest.raises(Killed):
            getattr(recipe, stage)(cut, callbacks=[Killer(begins + 6)], **options)
        trainer = Trainer(cut)
        trainer.fit(resume=run)
        assert "_step_" in trainer.run.segments[1]["checkpoint"]  # not the end of an epoch
        assert problems_of(trainer.run.path, first.path) == []
    for run, _ in enumerate(STAGES.get(name, ["train"])):
        assert Trainer(whole).reproduce(run).identical
