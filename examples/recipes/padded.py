"""A transformer on sequences of several lengths, padded; the loss is the mean over tokens."""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset

from stride import Step, Trainer

SYMBOLS, PADDING = 10, 0  # symbols are 1 to 9


class Sequences(Dataset):
    """Sequences of 3 to 11 symbols; the target of each place is the largest symbol so far."""

    def __init__(self, samples: int = 80):
        random = torch.Generator().manual_seed(0)
        lengths = torch.randint(3, 12, (samples,), generator=random)
        self.texts = [torch.randint(1, SYMBOLS, (int(n),), generator=random) for n in lengths]

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, index):
        return self.texts[index], self.texts[index].cummax(0).values


def collate(samples):
    """Pad inputs and targets to the longest of the batch."""
    padded = (nn.utils.rnn.pad_sequence(part, True, PADDING) for part in zip(*samples, strict=True))
    return tuple(padded)


class Largest(nn.Module):
    def __init__(self, width: int = 16, heads: int = 2, longest: int = 12):
        super().__init__()
        self.symbol, self.place = nn.Embedding(SYMBOLS, width), nn.Embedding(longest, width)
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, dropout=0.1, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(width, SYMBOLS)

    def forward(self, inputs):
        places = torch.arange(inputs.shape[1], device=inputs.device)
        states = self.symbol(inputs) + self.place(places)
        return self.head(self.layers(states, src_key_padding_mask=inputs == PADDING))

    def training_step(self, batch):
        inputs, targets = batch
        there = targets != PADDING
        outputs, targets = self(inputs)[there], targets[there]
        # Batches have different numbers of tokens: each weighs as many as it has.
        return Step(functional.cross_entropy(outputs, targets), len(targets), outputs, targets)


def train(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs={"dataset_name": Sequences},
        load_data_kwargs={"batch_size": 8, "collate_fn": collate},
        model_kwargs={"model_name": Largest},
        training_config={"max_epochs": 2, "metrics": ["accuracy"]},
        **more,
    ).fit()


if __name__ == "__main__":
    train("work_dirs/padded")
