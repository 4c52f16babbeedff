"""Bring processes together at a store of keys that may hold those of an earlier start.

A launcher that starts its processes again may give them the store that it gave before. What the
dead have written there must not be taken for the word of the living.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

_LOOK_EVERY = 0.02


class Store(Protocol):
    """What is used of torch's stores; `get` waits until a key is there."""

    def set(self, key: str, value: str, /) -> None: ...
    def get(self, key: str, /) -> bytes: ...
    def check(self, keys: list[str], /) -> bool: ...


def new_round(store: Store, rank: int, world: int, seconds: float) -> str:
    """Return a word that exactly the processes of this start have in common.

    Each says a word of its own, rank 0 repeats all that it heard beside the word for this start,
    and each takes that once its own is repeated; so nobody takes the word of an earlier start.

    Raises:
        TimeoutError: some did not come in time.
    """
    own, deadline = os.urandom(8).hex(), time.monotonic() + seconds
    if rank:
        store.set(f"here/{rank}", own)
        while (heard := _read(store, "round")).get(str(rank)) != own:
            _wait(deadline)
        store.set(f"heard/{rank}", heard["0"])
        return heard["0"]
    others, repeated = [str(one) for one in range(1, world)], {"0": own}
    while any(_said(store, f"heard/{one}") != own for one in others):
        here = {"0": own} | {one: _said(store, f"here/{one}") for one in others}
        if here != repeated:
            store.set("round", json.dumps(here))
            repeated = here
        _wait(deadline)
    return own


def _said(store: Store, key: str) -> str:
    return store.get(key).decode() if store.check([key]) else ""


def _read(store: Store, key: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(_said(store, key) or "{}")
    return found


def _wait(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError("some of them did not come in time")
    time.sleep(_LOOK_EVERY)


def objections(
    store: Store, rank: int, world: int, facts: Mapping[str, str], trouble: str, own: str = ""
) -> list[str]:
    """Return what any process has to object, the same list in all of them.

    Args:
        store: of this start alone.
        rank: of this process.
        world: how many there are.
        facts: what has to be the same in all.
        trouble: what keeps this process from training, empty for nothing.
        own: what no other process may have, empty for nothing.
    """
    if rank == 0:
        store.set("facts", json.dumps(facts))
    wanted = json.loads(store.get("facts"))
    store.set(f"own/{rank}", own)
    store.set(f"objection/{rank}", trouble or _difference(facts, wanted))
    if rank == 0:
        said, owned = (
            [store.get(f"{key}/{one}").decode() for one in range(world)]
            for key in ("objection", "own")
        )
        found = [f"rank {one}: {words}" for one, words in enumerate(said) if words]
        store.set("objections", json.dumps(found + _shared(owned)))
    answer: list[str] = json.loads(store.get("objections"))
    return answer


def _difference(facts: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """Say which fact is another one than rank 0's; the first, and how many more."""
    other = [key for key in {**wanted, **facts} if facts.get(key) != wanted.get(key)]
    if not other:
        return ""
    key, more = other[0], f" (and {len(other) - 1} more differ)" if len(other) > 1 else ""
    return (
        f"{key} is {facts.get(key, 'absent')} here and {wanted.get(key, 'absent')} on rank 0{more}"
    )


def _shared(owned: Sequence[str]) -> list[str]:
    """Say which processes have what is another's already."""
    return [
        f"rank {one}: {thing} is rank {owned.index(thing)}'s already: "
        "start fewer processes on a host"
        for one, thing in enumerate(owned)
        if thing and thing in owned[:one]
    ]


def part(store: Store, rank: int, world: int, seconds: float = 10.0) -> None:
    """Leave; rank 0, which may hold the store, when all others have left, or so much later."""
    store.set(f"left/{rank}", "")
    deadline = time.monotonic() + seconds
    keys = [f"left/{one}" for one in range(world)]
    while rank == 0 and not store.check(keys) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY)
