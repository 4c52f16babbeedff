"""Whatever a user's data draws from, and however its steps are sized, a resume goes on with it."""

import random
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset, RandomSampler

from stride import Step
from stride.errors import RunError
from stride.runs.records.checkpoint import CheckpointIndex
from stride.runs.records.segment import SegmentRecord
from stride.runs.run import Run
from stride.trainer.trainer import Trainer

HERE = __name__
SAMPLES = 22
SHARED = np.random.default_rng(3)


class Points(Dataset):
    """Points that the dataset moves by a generator of its own, or not."""

    def __init__(self, split: str = "train", rng=None):
        self.size = SAMPLES if split == "train" else 6
        self.rng = rng

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        x = torch.tensor([i / SAMPLES, 1.0])
        return x + 0.1 * noise(self.rng), torch.tensor([2.0 * i / SAMPLES])


def noise(rng):
    if rng is None:
        return 0.0
    if isinstance(rng, torch.Generator):
        return float(torch.rand((), generator=rng))
    return rng.random_sample() if isinstance(rng, np.random.RandomState) else rng.random()


class Moved(Points):
    def __init__(self, split: str):
        super().__init__(split, np.random.default_rng(0))


class Lazy(Points):
    def __getitem__(self, i):
        self.rng = self.rng or random.Random(0)
        return super().__getitem__(i)


class Global(Points):
    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return x + SHARED.normal(), y


class Jitter:
    def __init__(self):
        self.steps = [partial(lambda x, rng: x + noise(rng), rng=torch.Generator())]

    def __call__(self, x):
        return self.steps[0](x)


class Sampler:
    """A sampler with a generator of its own."""

    def __init__(self, data, rng=None):
        self.size, self.rng = len(data), rng or np.random.default_rng(0)

    def __len__(self):
        return self.size

    def __iter__(self):
        return iter(self.rng.permutation(self.size).tolist())


class Counted(Sampler):
    """A sampler that counts its epochs by itself."""

    epoch = 0

    def __iter__(self):
        self.epoch = vars(self).get("epoch", 0) + 1
        order = torch.Generator().manual_seed(self.epoch)
        return iter(torch.randperm(self.size, generator=order).tolist())


class Ragged:
    """A batch sampler of batches of several sizes, out of a sampler of its own."""

    def __init__(self, data):
        self.inner, self.size = Sampler(data), len(data)

    def __len__(self):
        return 5

    def __iter__(self):
        return iter([part.tolist() for part in np.array_split(list(self.inner), 5)])


def inner(data):
    order = RandomSampler(data, generator=torch.Generator().manual_seed(5))
    return BatchSampler(order, 4, drop_last=False)


class Collate:
    def __init__(self):
        self.rng = random.Random(0)

    def __call__(self, samples):
        x, y = (torch.stack(column) for column in zip(*samples, strict=True))
        return x * (1 + self.rng.random()), y


class Flow(IterableDataset):
    def __init__(self, split: str):
        self.rng, self.at = np.random.default_rng(0), 0

    def __iter__(self):
        while self.at < SAMPLES:
            self.at += 1
            yield torch.tensor([self.rng.random(), 1.0]), torch.tensor([1.0 * self.at])
        self.at = 0

    def state_dict(self):
        return {"at": self.at}

    def load_state_dict(self, state):
        self.at = state["at"]


class Net(nn.Module):
    """A network whose steps have the size that it is told, or none."""

    def __init__(self, factor: int = 1):
        super().__init__()
        self.layer, self.factor = nn.Linear(2, 1), factor

    def training_step(self, batch):
        batch = getattr(batch, "pair", batch)
        loss = (self.layer(batch[0]) - batch[1]).square().mean()
        return Step(loss, self.factor * len(batch[0])) if self.factor else loss


class Pair:
    """A batch that is an object."""

    def __init__(self, samples):
        self.pair = [torch.stack(column) for column in zip(*samples, strict=True)]

    def to(self, device):
        return self


COLLATE = Collate()
CONFIGS = {
    "dataset": {"dataset_kwargs": {"dataset_name": Moved}},
    "lazy": {"dataset_kwargs": {"dataset_name": Lazy}},
    "global": {"dataset_kwargs": {"dataset_name": Global}},
    "transform": {"dataset_kwargs": {"transform": f"{HERE}:Jitter"}},
    "sampler": {"load_data_kwargs": {"sampler": f"{HERE}:Sampler"}},
    "inner sampler": {"load_data_kwargs": {"batch_sampler": f"{HERE}:inner"}},
    "ragged": {"load_data_kwargs": {"batch_sampler": f"{HERE}:Ragged"}},
    "collate function": {"load_data_kwargs": {"collate_fn": f"{HERE}:COLLATE"}},
    "object": {"load_data_kwargs": {"collate_fn": f"{HERE}:Pair"}, "model_kwargs": {"factor": 0}},
    "tokens": {"model_kwargs": {"factor": 64}},
    "nothing": {"model_kwargs": {"factor": 0}},
    "stream": {"dataset_kwargs": {"dataset_name": Flow}},
}


def from_config(work_dir, kind):
    config = {
        "dataset_kwargs": {"dataset_name": Points},
        "load_data_kwargs": {"batch_size": 4},
        "model_kwargs": {"model_name": Net},
        "training_config": {"metrics": [], "with_validation": False},
    }
    for section, values in CONFIGS[kind].items():
        config[section] = config[section] | values
    if kind == "tokens":
        config["training_config"]["accumulate"] = 2
    return Trainer(work_dir, **config, logging_config={"terminal_display": "off"})


def shuffled(data, rng=None, **options):
    return DataLoader(data, 4, shuffle=True, generator=rng, **options)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def on_sampler(data):
    return DataLoader(data, 4, sampler=RandomSampler(data, generator=seeded(1)))


def one_for_both():
    rng = seeded()
    return shuffled(Points(rng=rng), rng)


LOADERS = {
    "loader": lambda: shuffled(Points(), seeded()),
    "sampler": lambda: on_sampler(Points()),
    "own sampler": lambda: DataLoader(Points(), 4, sampler=Sampler(Points())),
    "counting sampler": lambda: DataLoader(Points(), 4, sampler=Counted(Points())),
    "inner sampler": lambda: DataLoader(Points(), batch_sampler=inner(Points())),
    "ragged": lambda: DataLoader(Points(), batch_sampler=Ragged(Points())),
    "dataset": lambda: shuffled(Points(rng=np.random.RandomState(0))),
    "shared": one_for_both,
    "collate function": lambda: shuffled(Points(), collate_fn=Collate()),
    "object": lambda: shuffled(Points(), collate_fn=Pair),
    "nothing": lambda: shuffled(Points()),
    "workers": lambda: shuffled(Points(rng=np.random.default_rng(0)), seeded(), num_workers=2),
}


def from_loader(work_dir, kind, **objects):
    train = LOADERS[kind]()
    options = {"logging_config": {"terminal_display": "off"}, "training_config": {"metrics": []}}
    trainer = Trainer(work_dir, train_loader=train, **objects, **options)
    torch.manual_seed(0)
    trainer.set_model(Net(0 if kind == "object" else 1))
    return trainer


def weights(trainer):
    return [p.detach().clone() for p in trainer.model.network.parameters()]


def resumed(make, steps):
    """Train whole, and in two parts that know nothing of each other; return what is not exact."""
    whole, part, other = make("whole"), make("parts"), make("parts")
    whole.fit(max_epochs=2)
    part.fit(max_epochs=2, max_steps=steps)
    other.fit(resume=0, max_steps=1000)
    assert (other.state.step, other.state.epoch) == (whole.state.step, whole.state.epoch)
    segment = SegmentRecord.read(other.run.paths.segment(1))
    return all(map(torch.equal, weights(whole), weights(other))), dict(segment.fidelity.inexact)


@pytest.mark.parametrize("kind", CONFIGS)
def test_data_of_the_config_goes_on_where_it_was(tmp_path, kind):
    steps = 4 if kind == "tokens" else 8
    assert resumed(lambda name: from_config(tmp_path / name, kind), steps) == (True, {})


@pytest.mark.parametrize("kind", LOADERS)
def test_a_users_loader_goes_on_where_it_was(tmp_path, kind):
    assert resumed(lambda name: from_loader(tmp_path / name, kind), 4) == (True, {})


@pytest.mark.parametrize("kind", ["loader", "counting sampler"])
def test_an_epoch_that_a_limit_ends_has_made_its_last_draws(tmp_path, kind):
    assert resumed(lambda name: from_loader(tmp_path / name, kind), 6) == (True, {})


@pytest.mark.parametrize(("data", "epochs"), [(Points(), [2]), (Flow("train"), [1, 2])])
def test_short_epochs_end_with_checkpoints_where_a_training_goes_on_only_there(
    tmp_path, monkeypatch, data, epochs
):
    monkeypatch.setitem(LOADERS, "given", lambda: DataLoader(data, 4))
    trainer = from_loader(tmp_path / "w", "given")
    trainer.fit(max_epochs=2)
    index = CheckpointIndex.read(trainer.run.paths.checkpoint_index)
    assert [entry.epoch for entry in index.entries] == epochs


def test_evaluation_draws_go_on_too(tmp_path):
    def make(name):
        val = DataLoader(Points("val", np.random.default_rng(0)), 3)
        return from_loader(tmp_path / name, "nothing", val_loader=val)

    whole, part, other = make("whole"), make("parts"), make("parts")
    whole.fit(max_epochs=2)
    part.fit(max_epochs=1)
    other.fit(resume=0, max_epochs=2)
    loss = "validation/epoch_loss"
    assert [row[loss] for row in rows(whole)] == [row[loss] for row in rows(other)]


def rows(trainer):
    return Run(trainer.run.paths.path).metrics()


class Hidden(Sampler):
    """A sampler that counts its epochs where nobody looks."""

    def __init__(self, data):
        super().__init__(data)
        self.epochs = []

    def __iter__(self):
        self.epochs.append(None)
        order = torch.Generator().manual_seed(len(self.epochs))
        return iter(torch.randperm(self.size, generator=order).tolist())


def test_samples_that_come_in_another_order_are_named(tmp_path, monkeypatch):
    hidden = lambda: DataLoader(Points(), 4, sampler=Hidden(Points()))  # noqa: E731
    monkeypatch.setitem(LOADERS, "hidden", hidden)
    same, inexact = resumed(lambda name: from_loader(tmp_path / name, "hidden"), 8)
    assert not same and inexact == {"batches": "is not what was saved"}


def test_a_sampler_of_the_config_that_counts_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(CONFIGS, "counts", {"load_data_kwargs": {"sampler": f"{HERE}:Counted"}})
    same, inexact = resumed(lambda name: from_config(tmp_path / name, "counts"), 8)
    assert not same and list(inexact) == ["sampler.epoch"]


class Counting:
    """A collate function that counts its batches."""

    def __init__(self):
        self.count = 0

    def __call__(self, samples):
        self.count += 1
        x, y = torch.utils.data.default_collate(samples)
        return x * self.count, y


def test_what_a_collate_function_counts_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(LOADERS, "counts", lambda: shuffled(Points(), collate_fn=Counting()))
    _, inexact = resumed(lambda name: from_loader(tmp_path / name, "counts"), 8)
    assert list(inexact) == ["collate function.count"]


class Place(IterableDataset):
    """A stream that says and sets where it is, and goes on there in each epoch."""

    def __init__(self):
        self.seen = 0

    def __iter__(self):
        for _ in range(SAMPLES):
            self.seen += 1
            yield torch.tensor([self.seen / 50, 1.0]), torch.tensor([2.0 * self.seen / 50])

    def state_dict(self):
        return {"seen": self.seen}

    def load_state_dict(self, state):
        self.seen = state["seen"]


def test_a_users_loader_of_a_stream_with_a_state_goes_on_at_the_epoch(tmp_path, monkeypatch):
    monkeypatch.setitem(LOADERS, "stream", lambda: DataLoader(Place(), 4))
    assert resumed(lambda name: from_loader(tmp_path / name, "stream"), 8) == (True, {})


def test_to_look_at_a_stream_takes_nothing_of_it(tmp_path, monkeypatch):
    stream = Place()
    monkeypatch.setitem(LOADERS, "stream", lambda: DataLoader(stream, 4))
    from_loader(tmp_path, "stream").fit(max_steps=2)
    assert stream.seen == 8


def test_steps_of_a_run_that_is_done_are_not_done_again(tmp_path, monkeypatch):
    monkeypatch.setitem(LOADERS, "stream", lambda: DataLoader(Place(), 4))
    part = from_loader(tmp_path, "stream")
    part.fit(max_epochs=2, max_steps=8)  # in the middle of an epoch
    for other in ({"training_config.log_interval": 7}, {"training_config.max_epochs": 3}):
        with pytest.raises(RunError, match=r"nothing is left to do.*max_steps=N"):
            from_loader(tmp_path, "stream").fit(other, resume=0)
    assert part.run.paths.status.exists() and not part.run.paths.segment(1).exists()


def test_workers_that_are_kept_are_named(tmp_path, monkeypatch):
    options = {"num_workers": 1, "persistent_workers": True}
    monkeypatch.setitem(LOADERS, "kept", lambda: shuffled(Points(), seeded(), **options))
    part, other = (from_loader(tmp_path / "parts", "kept") for _ in range(2))
    part.fit(max_epochs=1)
    other.fit(resume=0, max_epochs=2)
    segment = SegmentRecord.read(other.run.paths.segment(1))
    assert "persistent_workers" in segment.fidelity.inexact["batches"]
    assert "batches" not in segment.fidelity.exact


def test_size_is_no_count_of_samples(tmp_path):
    trainer = from_config(tmp_path / "w", "tokens")
    trainer.fit(max_epochs=1)
    assert trainer.state.drawn == SAMPLES
