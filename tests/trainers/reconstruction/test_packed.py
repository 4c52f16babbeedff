"""In a pack, where some members swap, each reconstruction has the bits that it has alone."""

from pathlib import Path
from typing import Any

import pytest

from stride.runs.run import Run
from stride.trainer.fit.run_start import NewRun
from stride.trainer.packs.packs import Packs
from tests.integration.same_runs import problems_of
from tests.trainers.reconstruction.trainings import made, rows_of

MEMBERS: list[dict[str, Any]] = [
    *(
        {"seed": 3 + n, "reconstruction_config": {"optimizer_state": option}}
        for n, option in enumerate(("keep", "reset", "restore"))
    ),
    {"optimizer_kwargs": {"lr": 0.001}},
]


@pytest.fixture(autouse=True)
def with_one_thread(one_thread: None) -> None:
    """Let torch use one thread: packs keep bits with that."""


def test_each_has_the_bits_that_it_has_alone(tmp_path: Path) -> None:
    trainers = [made(tmp_path / "packed", **member) for member in MEMBERS]
    ended = Packs().fit(trainers, [NewRun(one.builder.resolved) for one in trainers])
    assert [one.error for one in ended] == [None] * 4
    swaps = [sum(row["swapped"] == "1" for row in rows_of(one)) for one in trainers]
    assert all(swaps[:3]) and swaps[3] == 0
    for number, member in enumerate(MEMBERS):
        alone = made(tmp_path / "alone", **member)
        assert alone.fit() == ended[number].value
        packed = Run(tmp_path / "packed" / str(number))
        assert packed.segments[0]["pack"]["width"] == 4
        assert problems_of(packed.path, alone.run.paths.path) == []
        assert "trained alone" not in packed.paths.log(0).read_text()
