"""Options that take several words."""

import pytest

from stride_cli.sweeping.words import repeated


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("W --lr-sweep 1e-4 1e-3 lr=3", "W --lr-sweep=1e-4 --lr-sweep=1e-3 lr=3"),
        ("--wd-sweep 0 .5 -1 --json W", "--wd-sweep=0 --wd-sweep=.5 --wd-sweep=-1 --json W"),
        ("--file run.yaml optimize.yml W", "--file=run.yaml --file=optimize.yml W"),
        ("--file s.toml --trials 3", "--file=s.toml --trials 3"),
        ("--lr-sweep --json", "--lr-sweep --json"),
        ("--lr-sweep", "--lr-sweep"),
        ("--lr-sweep=1,2 3", "--lr-sweep=1,2 3"),
        ("--lr-sweep 1 -- 2", "--lr-sweep=1 -- 2"),
    ],
)
def test_each_value_has_an_option_of_its_own(typed: str, parsed: str) -> None:
    assert [*repeated(typed.split())] == parsed.split()
