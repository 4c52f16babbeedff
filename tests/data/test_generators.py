"""Generators are found wherever a user's objects hold them, and seeded apart from each other."""

import pickle
import random
from functools import partial

import numpy as np
import pytest
import torch

from stride.data.generators import MOST_ITEMS, HeldGenerators, find_generators

HERE = np.random.default_rng(1)


def outside(x):
    return x + HERE.random()


class Slotted:
    __slots__ = ("rng", "unset")

    def __init__(self, rng):
        self.rng = rng


class Holder:
    shared = random.Random(0)

    def __init__(self, **parts):
        vars(self).update(parts)

    @property
    def drawn(self):
        raise RuntimeError("a property is not read")

    def __getattr__(self, name):
        raise RuntimeError("nothing is asked for")


def names(**roots):
    return [one.name for one in find_generators(**roots)]


def test_generators_are_found_wherever_they_are():
    rng = np.random.default_rng(0)

    def closed(x):
        return x + rng.random()

    def inner(x):
        return [outside(x) for _ in range(2)]

    places = {
        "own.a": Holder(a=torch.Generator()),
        "own.rng": Slotted(np.random.RandomState(0)),
        "own.deep.steps[1]": Holder(deep=Holder(steps=[None, rng])),
        "own['k']": {"k": rng},
        "own.rng ": closed,
        "own.outside.HERE": inner,
        "own.keywords['rng']": partial(outside, rng=rng),
        "own.a ": Holder(a=rng).__init__,
    }
    for name, holder in places.items():
        assert name.strip() in names(own=holder)
    assert "own.shared" in names(own=Holder())


def test_each_is_found_once_by_the_shortest_way():
    rng = np.random.default_rng(0)
    one, other = Holder(deep=Holder(rng=rng)), Holder(rng=rng)
    one.circle = one
    assert names(one=one, other=other) == ["one.shared", "other.rng"]


def test_many_samples_are_not_walked_through_but_many_generators_are():
    many = [np.random.default_rng(i) for i in range(2 * MOST_ITEMS)]
    assert len(names(own=many)) == 2 * MOST_ITEMS
    assert names(own=[None] * MOST_ITEMS + many) == []
    assert names(own=random.SystemRandom()) == []


KINDS = [torch.Generator(), random.Random(0), np.random.RandomState(0)]
BITS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]
KINDS += [np.random.Generator(bits(0)) for bits in BITS]
KINDS += [np.random.RandomState(np.random.PCG64(0))]


def draw(rng):
    if isinstance(rng, torch.Generator):
        return torch.randn(3, generator=rng).tolist()
    normal = getattr(rng, "standard_normal", None) or (lambda: rng.gauss(0, 1))
    return [float(normal()) for _ in range(3)]


@pytest.mark.parametrize("rng", KINDS, ids=lambda rng: type(rng).__name__)
def test_a_seed_decides_what_is_drawn_and_a_state_goes_on(rng):
    held = HeldGenerators(own=rng)
    held.refresh()
    draw(rng)
    held.seed(2**64 - 1)
    first, state, then = draw(rng), held.read(), draw(rng)
    held.seed(2**64 - 1)
    assert draw(rng) == first and draw(rng) == then != first
    held.write(state)
    with held.preserve():
        held.seed(3)
        assert draw(rng) not in (first, then)
    assert draw(rng) == then


def test_two_generators_do_not_draw_the_same():
    a, b = np.random.default_rng(0), np.random.default_rng(0)
    held = HeldGenerators(one=a, other=b)
    held.refresh()
    held.seed(1)
    assert draw(a) != draw(b)


def test_a_copy_looks_for_its_own():
    held = HeldGenerators(own=Slotted(np.random.default_rng(0)))
    held.begin(0)
    copied = pickle.loads(pickle.dumps(held))
    assert copied.begin(0) and not copied.begin(0) and not copied.begin(1)
    assert copied.generators[0].generator is not held.generators[0].generator


def test_a_seed_forgets_the_half_of_a_pair_that_was_drawn_before():
    drawn = []
    for before in range(2):
        legacy = np.random.RandomState(5)
        legacy.standard_normal(before)
        (found,) = find_generators(own=legacy)
        found.seed(7)
        drawn.append(legacy.standard_normal(3).tolist())
    assert drawn[0] == drawn[1]
