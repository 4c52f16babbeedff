"""Which domain a sample is of follows from its number and the seed alone."""

import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, TensorDataset

from stride.active.drift import DriftingDataset, HardSwitch, Ramp, RandomMix, Static
from stride.data.array_dataset import ArrayDataset
from stride.data.data_info import num_classes
from stride.data.samples import as_source
from stride.errors import DataError

FIRST = TensorDataset(torch.arange(1000))
SECOND = TensorDataset(torch.arange(10_000, 11_000))


def domains(schedule, seed=0):
    stream = DriftingDataset(FIRST, SECOND, schedule, seed=seed)
    return [stream.domain(index) for index in range(len(stream))]


def test_a_hard_switch():
    assert domains(HardSwitch(300)) == [0] * 300 + [1] * 700


@pytest.mark.parametrize("which", [0, 1])
def test_no_drift(which):
    assert domains(Static(which)) == [which] * 1000


def test_a_ramp_rises_from_never_to_always():
    found = domains(Ramp(200, 800))
    assert found[:201] == [0] * 201 and found[800:] == [1] * 200
    thirds = [sum(found[start : start + 200]) / 200 for start in (200, 400, 600)]
    assert thirds == pytest.approx([1 / 6, 1 / 2, 5 / 6], abs=0.08)


def test_a_random_mix_has_the_same_odds_throughout():
    found = domains(RandomMix(0.3))
    assert sum(found[:500]) / 500 == pytest.approx(0.3, abs=0.06)
    assert sum(found[500:]) / 500 == pytest.approx(0.3, abs=0.06)
    assert domains(RandomMix(0)) == [0] * 1000 and domains(RandomMix(1)) == [1] * 1000


def test_chance_depends_on_the_seed_alone():
    assert domains(RandomMix()) == domains(RandomMix())
    assert domains(RandomMix()) != domains(RandomMix(), seed=1)
    # A change here changes the streams of earlier experiments.
    assert domains(RandomMix())[:12] == [0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0]


@given(st.integers(0, 999), st.integers(0, 2**62))
def test_a_later_sample_of_a_ramp_is_the_more_likely_of_the_second_domain(index, seed):
    early = DriftingDataset(FIRST, SECOND, Ramp(0, 1000), seed=seed)
    late = DriftingDataset(FIRST, SECOND, Ramp(-500, 500), seed=seed)
    assert late.domain(index) >= early.domain(index)


def test_sample_i_is_sample_i_of_its_domain():
    stream = DriftingDataset(FIRST, SECOND, Ramp(0, 1000))
    values = [int(value) for (value,) in stream]
    expected = [index + 10_000 * stream.domain(index) for index in range(1000)]
    assert values == expected


def test_neither_order_nor_workers_nor_pickling_change_a_sample():
    stream = DriftingDataset(FIRST, SECOND, RandomMix(), seed=4, length=40)
    expected = [int(value) for (value,) in stream]
    assert [int(stream[index][0]) for index in reversed(range(40))] == expected[::-1]
    copy = pickle.loads(pickle.dumps(stream))
    loader = DataLoader(copy, batch_size=7, num_workers=2)
    assert torch.cat([batch for (batch,) in loader]).tolist() == expected


def test_the_shorter_domain_decides_the_length_unless_one_is_given():
    few = TensorDataset(torch.arange(3))
    assert len(DriftingDataset(few, SECOND, Static())) == 3
    stream = DriftingDataset(few, SECOND, Static(), length=7)
    assert [int(value) for (value,) in stream] == [0, 1, 2, 0, 1, 2, 0]
    for outside in (7, -1):
        with pytest.raises(IndexError):
            stream[outside]


def test_training_learns_how_many_classes_there_are():
    targets = [torch.tensor([0, 1, 2]), torch.tensor([0, 4, 1])]
    parts = [ArrayDataset([torch.zeros(3, 2), t], classes=("a", "b", "c")) for t in targets]
    stream = DriftingDataset(*parts, HardSwitch(1))
    assert stream.classes == ("a", "b", "c")
    unnamed = [ArrayDataset(part.tensors) for part in parts]
    assert num_classes(as_source(DriftingDataset(*unnamed, HardSwitch(1)), "drift")) == 5
    assert DriftingDataset(FIRST, SECOND, Static()).num_classes is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Ramp(5, 5), "a ramp from 5 to 5 does not rise"),
        (lambda: RandomMix(1.5), "chance=1.5 is not a probability"),
        (lambda: Static(2), "which=2 is not a domain"),
        (lambda: DriftingDataset(FIRST, [], Static()), "domains of 1000 and 0 samples"),
        (lambda: DriftingDataset(FIRST, SECOND, Static(), length=-1), "make no stream of -1"),
    ],
)
def test_what_makes_no_stream_is_refused(make, message):
    with pytest.raises(DataError, match=message):
        make()
