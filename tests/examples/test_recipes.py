"""Each recipe, killed in the middle of an epoch and resumed, has the bits of its reproduction."""

import math
import re
from importlib import import_module
from pathlib import Path

import pytest
import torch

from stride import Callback, Trainer
from tests.docs.test_pages import blocks
from tests.integration.same_runs import problems_of
from tests.trainer.killing import Killed

ROOT = Path(__file__).parents[2]
RECIPES, PAGE = ROOT / "examples" / "recipes", ROOT / "docs" / "recipes.md"
STAGES = {
    "distillation": ["teach", "learn"],
    "pinn": ["adam", "lbfgs"],
    "simclr": ["pretrain", "probe", "tune"],
}
"""What a recipe trains one after the other, each a run; `train` where it is one."""

NAMES = sorted(path.stem for path in RECIPES.glob("*.py"))
QUIET = {"loggers": ["csv"], "terminal_display": "off"}
OFTEN = {"every_steps": 5, "background": False}
ITS_END = ["/checkpoint/stop/reason", "/status/reason"]
"""In what a reproduction, which was never stopped, differs: it says why it ends."""


class Killer(Callback):
    """Kill a training at the step after its first checkpoint."""

    def after_checkpoint(self, trainer, path):
        self.done = trainer.state.step

    def after_step(self, trainer, step):
        if trainer.state.step > getattr(self, "done", math.inf):
            raise Killed


@pytest.fixture(autouse=True)
def one_thread():
    """Let the tiny tensors not wait for threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_recipe_goes_on_with_the_bits_of_one_that_is_done_again_whole(name, tmp_path):
    recipe = import_module(f"examples.recipes.{name}")
    stages = [getattr(recipe, stage) for stage in STAGES.get(name, ["train"])]
    for number, stage in enumerate(stages):
        with pytest.raises(Killed):
            stage(tmp_path, callbacks=[Killer()], checkpoint_config=OFTEN, logging_config=QUIET)
        trainer = Trainer(tmp_path)
        trainer.fit(resume=number)
        assert "_step_" in trainer.run.segments[1]["checkpoint"]  # not the end of an epoch
    for number, _ in enumerate(stages):
        trainer = Trainer(tmp_path)
        assert trainer.reproduce(number).identical
        assert problems_of(tmp_path / str(number), trainer.run.path) == ITS_END


def test_the_page_shows_the_programs_and_names_them_all():
    programs = {path.stem: path.read_text() for path in RECIPES.glob("*.py")}
    shown = [block.text for block in blocks(PAGE) if block.language == "python"]
    assert len(shown) == 6 and {*shown} <= {*programs.values()}
    names = re.findall(r"^\| \[(\w+)", PAGE.read_text(), re.MULTILINE)
    assert sorted(names) == NAMES
