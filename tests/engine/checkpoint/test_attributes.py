"""Attributes are found by their paths: what has a state, and what has changed."""

import functools
import itertools
import random
import sys
import types
import warnings
from collections import deque

import numpy as np
import pytest
import torch
from torch import nn

from stride.engine.checkpoint.attributes import Attributes
from stride.engine.checkpoint.unregistered import (
    CHANGED,
    MADE,
    UNKNOWN,
    AttributeChanges,
    StatefulObjects,
)


class Thing:
    """An object of a user's."""

    def __init__(self, **values):
        vars(self).update(values)


class Slots:
    __slots__ = ("n",)

    def __init__(self):
        self.n = 0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.drop = nn.Linear(2, 2), nn.Dropout(0.5)


def changed(root, change):
    """Return the paths whose values differ after a change."""
    before = Attributes({"it": root}).digests
    change(root)
    after = Attributes({"it": root}).digests
    return [path for path in {**before, **after} if before.get(path) != after.get(path)]


def put(**values):
    return lambda thing: vars(thing).update(values)


CHANGES = {
    "a counter": (Thing(n=0), put(n=1), ["it.n"]),
    "a number of another type": (Thing(n=1), put(n=True), ["it.n"]),
    "a zero of another sign": (Thing(n=0.0), put(n=-0.0), ["it.n"]),
    "a list that grows": (Thing(seen=[]), lambda t: t.seen.append(1), ["it.seen"]),
    "a queue": (Thing(q=deque([1, 2])), lambda t: t.q.rotate(), ["it.q"]),
    "a table": (Thing(t={"a": [1]}), lambda t: t.t["a"].append(2), ["it.t"]),
    "a tensor": (Thing(x=torch.zeros(3)), lambda t: t.x.add_(1), ["it.x"]),
    "an array": (Thing(x=np.zeros(3)), lambda t: np.add(t.x, 1, out=t.x), ["it.x"]),
    "an object inside": (Thing(a=Thing(n=0)), lambda t: put(n=1)(t.a), ["it.a.n"]),
    "an object in a list": (Thing(a=[Thing(n=0)]), lambda t: put(n=1)(t.a[0]), ["it.a"]),
    "a list": ([1], lambda it: it.append(2), ["it"]),
    "an attribute in a slot": (Thing(a=Slots()), lambda t: setattr(t.a, "n", 1), ["it.a.n"]),
    "something new": (Thing(), put(made=3), ["it.made"]),
    "which function": (Thing(f=len), put(f=max), ["it.f"]),
    "a plain holder": (Thing(a=types.SimpleNamespace(n=0)), lambda t: put(n=1)(t.a), ["it.a.n"]),
    "a module's own": (Net(), lambda net: setattr(net.drop, "p", 0.4), ["it.drop.p"]),
}


HERE = __name__
STEPS = 0
TABLE = {"beta": 1.0}
MANY = itertools.count()


def counting():
    global STEPS
    STEPS += TABLE["beta"]


def nested():
    return [counting() for _ in range(1)]


def closed(n=0):
    def count(_=None, seen=[]):  # noqa: B006 (which is what is looked for)
        nonlocal n
        n += 1
        seen.append(n)

    return count


class Shared:
    total = 0
    rng = random.Random(0)

    def count(self):
        Shared.total += 1
        nested()

    @staticmethod
    def many(_seen=[]):  # noqa: B006
        _seen.append(1)


class Sub(Shared):
    __slots__ = ()


def numbered():
    yield from range(9)


def hooked(net, hook):
    net.inner.register_forward_hook(hook)
    net.inner.weight.register_hook(hook)
    return net


def batches():
    return iter(torch.utils.data.DataLoader(torch.arange(4)))


COUNT, OTHER, THIRD = closed(), closed(), closed()
OUTSIDE = types.ModuleType("outside")
OUTSIDE.level = 0
sys.modules["outside"] = OUTSIDE


def reads_a_module():
    return OUTSIDE.level


DATA = torch.utils.data.TensorDataset(torch.zeros(4))
CHANGES |= {
    "a closure": (Thing(f=COUNT), lambda t: t.f(), ["it.f.n", "it.f.defaults[1]"]),
    "a partial": (
        Thing(f=functools.partial(OTHER, None)),
        lambda t: t.f(),
        ["it.f.n", "it.f.defaults[1]"],
    ),
    "a bound method": (Thing(f=Thing(n=0).__init__), lambda t: t.f(n=2), ["it.f.n"]),
    "a bound method of a container": (Thing(f=[].append), lambda t: t.f(1), ["it.f"]),
    "a function in a list": ([THIRD], lambda it: it[0](), ["it"]),
    "a global": (Thing(f=nested), lambda t: t.f(), [f"{HERE}.STEPS"]),
    "a table of the module": (
        Thing(f=nested),
        lambda t: TABLE.update(beta=0.5),
        [f"{HERE}.TABLE"],
    ),
    "a number in another module": (
        Thing(f=reads_a_module),
        lambda t: setattr(OUTSIDE, "level", 1),
        ["outside.level"],
    ),
    "a class attribute": (Sub(), Sub.count, [f"{HERE}.Shared.total", f"{HERE}.STEPS"]),
    "a default of a static method": (
        Sub(),
        lambda t: t.many(),
        [f"{HERE}.Shared.many.defaults[0]"],
    ),
    "hooks": (
        Net(),
        lambda net: hooked(net, lambda *_: None),
        ["it.inner.forward_hooks", "it.inner.weight.backward_hooks"],
    ),
    "what a hook closes over": (
        hooked(Net(), closed()),
        lambda net: next(iter(net.inner._forward_hooks.values()))(),
        ["it.inner.forward_hooks"],
    ),
    "a dataset of torch": (DATA, lambda data: data.tensors[0].add_(1), ["it.tensors"]),
    "samples of a part": (
        torch.utils.data.Subset(torch.utils.data.TensorDataset(torch.zeros(4)), [0, 1]),
        lambda part: part.dataset.tensors[0].add_(1),
        ["it.dataset.tensors"],
    ),
    "which samples": (
        torch.utils.data.Subset([1, 2], [0, 1]),
        lambda part: part.indices.pop(),
        ["it.indices"],
    ),
    "a generator": (Thing(g=numbered()), lambda t: next(t.g), ["it.g"]),
    "a cycle": (Thing(g=itertools.cycle([1, 2])), lambda t: next(t.g), ["it.g"]),
    "a chain of iterators": (Thing(g=map(abs, numbered())), lambda t: next(t.g), ["it.g"]),
    "a loader's iterator": (Thing(g=batches()), lambda t: next(t.g), ["it.g"]),
    "a file": (Thing(g=open(__file__)), lambda t: t.g.readline(), ["it.g"]),  # noqa: SIM115
    "the type of numbers alone": (
        Thing(x=torch.zeros(2)),
        lambda t: setattr(t, "x", torch.zeros(2, dtype=torch.int32)),
        ["it.x"],
    ),
    "a few of very many numbers": (
        Thing(x=torch.zeros(2**23)),
        lambda t: t.x[5].add_(1),
        ["it.x"],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found_by_its_path(name):
    root, change, paths = CHANGES[name]
    assert changed(root, change) == paths


class Derived(Thing):
    @functools.cached_property
    def table(self):
        return [1, 2, 3]

    def set_epoch(self, epoch):
        self.epoch = epoch


class Proxy:
    """Stand for something that is not there."""

    __slots__ = ("unset",)

    def __getattr__(self, name):
        raise RuntimeError("nothing is there")


def walk_a_step(net):
    net.weight_seen = net.inner(torch.ones(1, 2))  # with its graph
    net.eval()


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    NORMED = torch.nn.utils.weight_norm(nn.Linear(2, 2))

NOTHING = {
    "what is computed once": (Derived(), lambda t: t.table),
    "the epoch that is set again": (Derived(), lambda t: t.set_epoch(3)),
    "a proxy": (Thing(p=Proxy()), lambda t: t),
    "iterators that stay where they are": (
        Thing(g=[numbered(), itertools.cycle([1]), batches()]),
        lambda t: t,
    ),
    "a file that is written": (Thing(f=sys.__stderr__), lambda t: t),
    "a library's globals": (Thing(f=random.random), lambda t: t.f()),
    "an equal value": (Thing(n=[1.5]), put(n=[1.5])),
    "a view of a parameter": (
        net := Net(),
        lambda net: setattr(net.inner.weight, "data", net.inner.weight.data + 1),
    ),
    "what a hook makes of parameters": (
        NORMED,
        lambda layer: (layer.weight_g.data.mul_(2), layer(torch.ones(1, 2))),
    ),
    "a reference to itself": (loop := Thing(n=1), lambda t: t),
}
vars(loop)["me"] = loop


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_no_state_is_not_found(name):
    root, change = NOTHING[name]
    assert changed(root, change) == []


def test_digests_are_equal_for_equal_values():
    def made():
        return Thing(a=[1, {"x": 2.5}], b={"u", "v"}, c=torch.ones(2), d=np.float32(1))

    assert Attributes({"it": made()}).digests == Attributes({"it": made()}).digests


def test_what_has_a_state_is_found_and_what_is_known_is_passed_by():
    net = Net()
    optimizer = torch.optim.SGD(net.parameters())
    teacher = nn.Linear(1, 1)
    root = Thing(
        net=net,
        weights=[*net.parameters()],
        optimizer=optimizer,
        hidden=[teacher],
        drawn=torch.Generator(),
        shared=torch.default_generator,
        numbers={"r": random.Random(1), "n": np.random.default_rng(1)},
    )
    known = [*net.modules(), *net.parameters(), optimizer]
    found = Attributes({"it": root}, known).stateful
    assert sorted(found) == ["it.drawn", "it.hidden[0]", "it.numbers['n']", "it.numbers['r']"]
    assert found["it.hidden[0]"] is teacher
    assert Attributes({"it": root}, known, ["it"]).stateful == {}


def test_what_several_share_is_found_once_by_its_module():
    found = Attributes({"it": [Sub(), Shared()], "again": Thing(f=Sub().count)})
    assert found.stateful == {f"{HERE}.Shared.rng": Shared.rng}
    assert [path for path in found.digests if path.endswith("STEPS")] == [f"{HERE}.STEPS"]


def test_an_iterator_that_cannot_be_read_is_always_named():
    noticed = AttributeChanges(lambda: Attributes({"it": Thing(g=iter(memoryview(b"abc")), n=[1])}))
    noticed.begin()
    state = noticed.state_dict()
    assert [*state] == ["it.g"]
    noticed.load_state_dict(state)
    assert noticed.unrestored == {"it.g": UNKNOWN}


def drawn(thing):
    return [
        torch.rand((), generator=thing.t).item(),
        thing.n.random(),
        thing.r.rand(),
        thing.p.random(),
    ]


def generators():
    t, n = torch.Generator().manual_seed(0), np.random.default_rng(0)
    return Thing(t=t, n=n, r=np.random.RandomState(0), p=random.Random(0))


def test_generators_go_on_where_they_were():
    one, other = generators(), generators()
    drawn(one)
    held, again = (
        StatefulObjects(lambda x=x: Attributes({"it": x}), generators=True) for x in (one, other)
    )
    again.load_state_dict(held.state_dict())
    assert drawn(other) == drawn(one) and again.unrestored == {}


class Odd:
    def state_dict(self):
        return {"x": object()}

    def load_state_dict(self, state):
        raise AssertionError("is not called")


class Stubborn:
    def __init__(self, number):
        self.number = number

    def state_dict(self):
        return {"number": self.number}

    def load_state_dict(self, state):
        pass


def test_what_cannot_be_put_back_is_told():
    saved = Thing(odd=Odd(), late=nn.Linear(1, 1), other=nn.Linear(1, 1), stays=Stubborn(1))
    state = StatefulObjects(lambda: Attributes({"it": saved}), generators=False).state_dict()
    here = Thing(odd=Odd(), other=nn.Linear(2, 1), new=nn.Linear(1, 1), stays=Stubborn(0))
    held = StatefulObjects(lambda: Attributes({"it": here}), generators=False)
    held.load_state_dict(state)
    assert held.unrestored.pop("it.other").startswith("could not be put back: Error")
    assert held.unrestored == {
        "it.odd": "has a state that cannot be stored without pickle",
        "it.late": "was made while training and is not restored",
        "it.new": "is there, and was not in the checkpoint",
        "it.stays": "is not what was saved",
    }


def test_what_changed_is_told_unless_it_is_again_what_it_was():
    thing = Thing(n=0, same=1, back=0, first=None)
    noticed = AttributeChanges(lambda: Attributes({"it": thing}))
    noticed.begin()
    assert noticed.state_dict() == {}
    put(n=3, back=3, first=1, new=1)(thing)
    noticed.begin()  # of a further training by the same object
    again = AttributeChanges(lambda: Attributes({"it": Thing(n=0, same=2, back=3, first=None)}))
    again.load_state_dict(noticed.state_dict())
    assert again.unrestored == {"it.n": CHANGED, "it.first": MADE, "it.new": MADE}
    again.begin()
    assert set(again.state_dict()) == {"it.n", "it.back", "it.first", "it.new"}
