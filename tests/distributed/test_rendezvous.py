"""Processes meet at a store that may hold the words of dead ones."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from torch.distributed import HashStore

from stride.distributed.rendezvous import new_round, objections


def meet(store, world):
    """Let so many meet at a store, in threads; return the word of each."""
    with ThreadPoolExecutor(world) as pool:
        return [*pool.map(lambda rank: new_round(store, rank, world, 20), range(world))]


@pytest.mark.parametrize("world", [1, 2, 4])
def test_those_of_a_start_have_a_word_in_common(world):
    assert len({*meet(HashStore(), world)}) == 1


def test_each_start_at_one_store_has_a_word_of_its_own():
    store = HashStore()
    words = [{*meet(store, world)} for world in (2, 3, 2, 1, 3)]
    assert all(len(one) == 1 for one in words)
    assert len(set.union(*words)) == 5


def test_the_word_of_the_dead_is_not_taken():
    store = HashStore()
    old = meet(store, 2)[0]
    found = []
    late = threading.Thread(target=lambda: found.append(new_round(store, 1, 2, 20)))
    late.start()  # rank 0 is not there yet: only the word of the earlier start is
    late.join(0.3)
    assert not found
    new = new_round(store, 0, 2, 20)
    late.join(20)
    assert found == [new] and new != old


@pytest.mark.parametrize("rank", [0, 1])
def test_who_waits_in_vain_gives_up(rank):
    with pytest.raises(TimeoutError):
        new_round(HashStore(), rank, 2, 0.1)


def asked(facts, troubles=("", "", ""), owned=("", "", "")):
    store = HashStore()
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(
            lambda k: objections(store, k, 3, facts[k], troubles[k], owned[k]), range(3)
        )
    first, *others = answers
    assert others == [first, first]
    return first


def test_all_learn_what_one_of_them_objects():
    same = [{"torch": "2.6", "lr": "0.1"}] * 3
    assert asked(same) == []
    assert asked(same, ("", "", "no device")) == ["rank 2: no device"]
    assert asked([same[0], {"torch": "2.7", "lr": "0.1"}, same[0]]) == [
        "rank 1: torch is 2.7 here and 2.6 on rank 0"
    ]
    assert asked([same[0], same[0], {"lr": "0.2", "more": "1"}]) == [
        "rank 2: torch is absent here and 2.6 on rank 0 (and 2 more differ)"
    ]


def test_all_learn_who_has_what_is_another_s():
    same = [{"torch": "2.6"}] * 3
    assert asked(same, owned=("GPU-1", "GPU-2", "GPU-3")) == []
    assert asked(same, owned=("", "GPU-1", "GPU-1")) == [
        "rank 2: GPU-1 is rank 1's already: start fewer processes on a host"
    ]
