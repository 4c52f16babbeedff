"""The user's program is the user's: nothing of its process stays changed, nobody trains beside."""

import multiprocessing
import os
import random
import threading
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from stride.callbacks.base import Callback
from stride.errors import RunError
from stride.trainer.process_state import training
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer


def draw():
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def generators():
    name, keys, *rest = np.random.get_state()
    return random.getstate(), (name, keys.tolist(), *rest), torch.get_rng_state().tolist()


class Drawing(nn.Module):
    """Draws from all three global generators, when it is built and when it is called."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 10)
        draw()

    def forward(self, inputs):
        return self.linear(inputs.flatten(1)) + 1e-3 * sum(draw())


class In(Callback):
    """Does something in an epoch, and keeps what it refuses."""

    def __init__(self, act):
        self.act, self.error = act, None

    def before_epoch(self, trainer):
        try:
            self.act(trainer)
        except RunError as error:
            self.error = error


@pytest.fixture
def small(tmp_path):
    """Return a function that makes a Trainer of two steps, whose network draws."""

    def make_small(*acts, **arguments):
        return Trainer(
            tmp_path / "w",
            dataset_kwargs={"subsample_rate": 0.1},
            model_kwargs={"model_name": Drawing},
            training_config={"max_steps": 2, **arguments},
            logging_config={"terminal_display": "off"},
            callbacks=[*acts],
        )

    return make_small


def test_a_random_search_in_a_loop_draws_new_points(small):
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = [draw() for _ in range(3)]
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    trainer, found = small(), []
    for _ in range(3):
        found.append(draw())
        trainer.fit({"optimizer_kwargs.lr": 10 ** -(1 + found[-1][0])})
    assert found == expected


def test_the_generators_are_left_as_they_were_found_by_everything(small):
    def fail(trainer):
        raise ZeroDivisionError

    def failing():
        with pytest.raises(ZeroDivisionError):
            small(In(fail)).fit()

    trainer, before = small(), generators()
    acts = {
        "model": lambda: trainer.model,
        "evaluate": lambda: trainer.evaluate("validation"),
        "check": trainer.check,
        "fit": trainer.fit,
        "a failed fit": failing,
        "resume": lambda: trainer.fit(resume=0, max_steps=3),
        "fork": lambda: trainer.fork(0, "last", {"training_config.max_steps": 4}),
        "reproduce": lambda: trainer.reproduce(0),
        "load_run": lambda: trainer.load_run(0),
        "a run's model": lambda: load_run(trainer.run.paths.path.parent, 0).model,
        "a run's evaluation": lambda: load_run(trainer.run.paths.path.parent, 0).evaluate(),
    }
    changed = []
    for name, act in acts.items():
        act()
        changed += [name] if generators() != before else []
    assert changed == []


class Drawn(Dataset):
    """Points that are drawn when the dataset is made."""

    def __init__(self, split: str = "train"):
        self.points = torch.rand(8, 64), torch.randint(10, (8,))

    def __len__(self):
        return 8

    def __getitem__(self, i):
        return self.points[0][i], self.points[1][i]


def test_data_that_is_drawn_when_it_is_made_is_the_seeds(small):
    trainer, found = small(), []
    for seed in (0, 0, 1):
        draw()
        trainer.fit({"dataset_kwargs.dataset_name": f"{__name__}:Drawn", "seed": seed})
        found.append(trainer.data.fingerprint)
    assert found[0] == found[1] != found[2]


def test_a_look_at_the_model_before_changes_no_bits(small):
    first, second = small(), small()
    first.fit()
    draw()
    assert second.model is not None
    second.fit()
    assert first.results["weights_sha256"] == second.results["weights_sha256"]


def settings():
    cudnn = torch.backends.cudnn
    return {
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "warn only": torch.is_deterministic_algorithms_warn_only_enabled(),
        "cudnn": (cudnn.benchmark, cudnn.deterministic, cudnn.enabled),
        "matmul": torch.get_float32_matmul_precision(),
        "dtype": torch.get_default_dtype(),
        "threads": torch.get_num_threads(),
        "filters": list(warnings.filters),
        "variables": dict(os.environ),
        "hooks": (warnings.showwarning, threading.excepthook),
    }


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_set_for_the_whole_process_is_given_back(small, fails):
    def change(trainer):
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("medium")
        torch.set_num_threads(3)
        warnings.simplefilter("ignore", UserWarning)
        os.environ["STRIDE_TEST"] = "1"
        if fails:
            torch.set_default_dtype(torch.float64)
            raise ZeroDivisionError

    before, trainer = settings(), small(In(change), deterministic=True)
    if fails:
        with pytest.raises(ZeroDivisionError):
            trainer.fit()
    else:
        trainer.fit()
    assert settings() == before


def folders(trainer):
    return sorted(p.name for p in trainer.run.paths.path.parent.iterdir() if p.name[0] != ".")


@pytest.mark.parametrize("without", [torch.no_grad, torch.inference_mode])
def test_a_training_computes_gradients_whatever_it_is_called_in(small, without):
    best = small().fit()
    with without():
        assert small().fit() == best
        assert not torch.is_grad_enabled()


def test_a_second_training_in_a_hook_is_refused_before_it_has_a_folder(small):
    other, words = small(), []
    other.fit()

    def try_all(trainer):
        for act in (other.fit, other.check, lambda: other.reproduce(0), trainer.fit):
            with pytest.raises(RunError, match="a fit is under way in this process"):
                act()
            words.append(act)

    outer = small(In(try_all))
    outer.fit()
    assert len(words) == 4 and folders(outer) == ["0", "1"]
    other.fit()  # afterwards it may


@pytest.mark.parametrize("act", ["fit", "evaluate"])
def test_nobody_draws_in_another_thread_beside_a_training(small, act):
    errors = []

    def beside(trainer):
        def work():
            with pytest.raises(RunError, match="under way in this process") as caught:
                getattr(small(), act)()
            errors.append(caught.value)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    outer = small(In(beside))
    outer.fit()
    assert errors and folders(outer) == ["0"]


def test_an_evaluation_in_a_hook_changes_no_bits_of_the_training(small):
    alone, watched = small(), small(In(lambda trainer: trainer.evaluate("train")))
    alone.fit()
    watched.fit()
    assert alone.results["weights_sha256"] == watched.results["weights_sha256"]


def test_a_fit_after_a_failed_one_works_also_in_a_forked_process(small):
    def fork(trainer):
        context = multiprocessing.get_context("fork")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = context.Process(target=training("a fit").__enter__)
            child.start()
        child.join()
        raise ZeroDivisionError(child.exitcode)

    with pytest.raises(ZeroDivisionError, match="0"):
        small(In(fork)).fit()
    small().fit()


def test_a_worker_that_imports_the_script_does_not_train(small, tmp_path, monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "_inheriting", True, raising=False)
    for act in ("fit", "check", "evaluate"):
        with pytest.raises(RunError, match="imports the script") as caught:
            getattr(small(), act)()
        assert '__name__ == "__main__"' in caught.value.hint
    assert not (tmp_path / "w").exists()
