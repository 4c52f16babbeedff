"""Where a proof kills and compares: in the middle of an epoch, beyond the end of a short one."""

import pytest

from stride.errors import UserError
from stride.trainer.proof.plan import INSIDE, LONGEST, SHORT, Plan


@pytest.mark.parametrize("per_epoch", range(1, SHORT + 1))
def test_a_short_epoch_ends_before_the_kill_and_after_it(per_epoch):
    plan = Plan.of(per_epoch=per_epoch, total=None, inside=True)
    assert plan.kill > per_epoch
    assert per_epoch == 1 or plan.kill % per_epoch != 0
    assert plan.end == 2 * plan.kill == 2 * plan.every
    assert plan.end // per_epoch > plan.kill // per_epoch
    assert plan.passes_border


@pytest.mark.parametrize("per_epoch", [SHORT + 1, 5000, None])
def test_a_long_epoch_costs_a_few_steps(per_epoch):
    plan = Plan.of(per_epoch=per_epoch, total=None, inside=True)
    assert plan == Plan(INSIDE, 2 * INSIDE, INSIDE, False)


@pytest.mark.parametrize("total", [2, 3, 7, 30])
def test_a_short_training_is_killed_in_its_middle(total):
    plan = Plan.of(per_epoch=20, total=total, inside=True)
    assert (plan.kill, plan.end) == (total // 2, total // 2 * 2)
    assert plan.passes_border == (total > 20)


def test_one_step_has_no_middle():
    with pytest.raises(UserError, match="one step cannot be killed in its middle"):
        Plan.of(per_epoch=20, total=1, inside=True)


@pytest.mark.parametrize(("total", "end"), [(None, 28), (100, 28), (23, 23)])
def test_a_loader_that_begins_at_borders_is_killed_at_one(total, end):
    assert Plan.of(per_epoch=20, total=total, inside=False) == Plan(20, end, end, True)


@pytest.mark.parametrize(
    ("per_epoch", "total", "words"),
    [
        (None, None, "an unknown number of steps"),
        (LONGEST + 1, None, f"has {LONGEST + 1} steps"),
        (20, 20, "there is but one epoch"),
    ],
)
def test_where_no_border_is_near_it_is_refused(per_epoch, total, words):
    with pytest.raises(UserError, match=words):
        Plan.of(per_epoch=per_epoch, total=total, inside=False)
