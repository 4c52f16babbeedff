"""A user's own module of datasets, samplers and transforms, importable as `mine`."""

import sys

import pytest

MINE = '''
import random
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

calls = []

class Squares(Dataset):
    """Map-style; the targets are classes."""
    classes = ["even", "odd"]
    def __init__(self, size: int = 40, scale: float = 1.0):
        self.size, self.scale = size, scale
        calls.append("Squares")
    def __len__(self):
        return self.size
    def __getitem__(self, i):
        return torch.tensor([i, i * i], dtype=torch.float32) * self.scale, i % 2

class Noisy(Squares):
    """Draws from all three global generators."""
    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return x + random.random() + float(np.random.rand()) + torch.rand(2), y

class Own(Squares):
    """Draws from generators of its own, one of them made with the first sample."""
    def __init__(self, size: int = 40):
        super().__init__(size)
        self.rng, self.late = np.random.default_rng(0), None
    def __getitem__(self, i):
        self.late = self.late or random.Random(0)
        x, y = super().__getitem__(i)
        return x + self.rng.normal() + self.late.random(), y

class Rarely(Squares):
    """Draws for a few samples only."""
    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return (x + torch.rand(2) if i % 13 == 0 else x), y

class Many(Noisy):
    def __getitems__(self, indices):
        return [self[i] for i in indices]

class Epochal(Squares):
    epoch = 0
    def set_epoch(self, epoch):
        self.epoch = epoch
    def __getitem__(self, i):
        return super().__getitem__(i)[0] + 1000 * self.epoch

class BySplit(Squares):
    def __init__(self, split: str, size: int = 40):
        super().__init__({"train": size, "val": 7, "test": 5}[split])
        calls.append(split)

def without_test(split: str):
    return None if split == "test" else Squares(10)

def plain_tensors(size: int = 50):
    x = torch.arange(size * 3, dtype=torch.float32).view(size, 3)
    return TensorDataset(x, torch.arange(size) % 4)

def plain_arrays(size: int = 50):
    return np.arange(size * 2, dtype=np.float32).reshape(size, 2), np.arange(size) % 3

def labelled(path: str):
    from stride.data.arrays import arrays
    return arrays(path)

class Stream(IterableDataset):
    def __init__(self, split: str = "train", size: int = 20):
        self.size = size
    def __iter__(self):
        for i in range(self.size):
            yield torch.tensor([float(i)]) + torch.rand(1), i % 2

class OwnStream(Stream):
    """Draws from a generator of its own."""
    def __init__(self, split: str = "train"):
        super().__init__(split)
        self.rng = np.random.default_rng(0)
    def __iter__(self):
        for x, y in super().__iter__():
            yield x + self.rng.normal(), y

class Unsplit(Stream):
    def __init__(self):
        super().__init__()

class Counting(IterableDataset):
    """A stream that knows where it is."""
    def __init__(self, split: str):
        self.at, self.rng = 0, np.random.default_rng(0)
    def __iter__(self):
        while self.at < 20:
            self.at += 1
            yield torch.tensor([float(self.at)]) + torch.rand(1) + self.rng.normal(), self.at % 2
        self.at = 0
    def state_dict(self):
        return {"at": self.at}
    def load_state_dict(self, state):
        self.at = state["at"]

def empty():
    return []

def a_loader():
    return DataLoader(plain_tensors())

def jitter(x):
    return x + torch.rand(x.shape) + random.random()

class Jitter:
    def __call__(self, x):
        return jitter(x)

def shifted(x, y):
    drawn = torch.rand(())
    return x + drawn, y + drawn

def one_of_two(x, y):
    return x

def no_targets():
    return (torch.arange(20.0),)

def numbers():
    return [(torch.tensor([float(i)]), float(i)) for i in range(20)]

def unlike(split):
    return [(x, y)[: 1 if split == "test" else 2] for x, y in numbers()]

class Backwards:
    def __init__(self, data):
        self.data = data
    def __iter__(self):
        return reversed(range(len(self.data)))
    def __len__(self):
        return len(self.data)

class Randomly(Backwards):
    def __iter__(self):
        return iter(torch.randperm(len(self.data)).tolist())

class Pairs(Backwards):
    batch_size = 2
    def __iter__(self):
        return iter([[i, i + 1] for i in range(0, len(self.data) - 1, 2)])
    def __len__(self):
        return len(self.data) // 2

def mixing(samples):
    x = torch.stack([s[0] for s in samples])
    return x + torch.rand(()), torch.tensor([s[1] for s in samples])
'''


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The user's module, imported anew."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("mine", None)
    import mine

    yield mine
    sys.modules.pop("mine", None)
