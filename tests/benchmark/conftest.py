"""Runs of models on data sets as they lie in a work_dir, written by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.runs.deciding.conftest import select, write_run

__all__ = ["select"]

SET = ("model_kwargs.model_name", "dataset_kwargs.dataset_name")

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path) -> Write:
    """Return a function that writes the runs of a cell into W, one for each value of a metric."""

    def runs(model: str, dataset: str, *values: float | None, **more: Any) -> None:
        config = {"model_kwargs.model_name": model, "dataset_kwargs": {"dataset_name": dataset}}
        config |= more.pop("config", {})
        origins = dict.fromkeys([*SET, *more.pop("given", config)], "override")
        for seed, value in enumerate(values):
            number = len(list((tmp_path / "W").glob("*")))
            write_run(
                tmp_path / "W",
                number,
                seed,
                data=f"data of {dataset}",
                config=config,
                origins=origins,
                state="done" if value is not None else "failed",
                **{"results": {} if value is None else {"test": {"test/roc_auc": value}}, **more},
            )

    return runs
