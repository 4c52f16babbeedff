"""A language model by an LSTM whose hidden state goes on from batch to batch."""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset

from stride import Step, Trainer

SYMBOLS, STREAMS, LENGTH = 12, 4, 8


class Streams(Dataset):
    """A text cut into streams side by side: a batch goes on where the one before it ended."""

    def __init__(self, split: str, batches: int = 7):
        random = torch.Generator().manual_seed({"train": 0, "val": 1, "test": 2}[split])
        steps = torch.randint(1, 3, (STREAMS, batches * LENGTH + 1), generator=random)
        self.text, self.batches = steps.cumsum(1) % SYMBOLS, batches

    def __len__(self):
        return self.batches * STREAMS

    def __getitem__(self, index):
        batch, stream = divmod(index, STREAMS)
        piece = self.text[stream, batch * LENGTH :][: LENGTH + 1]
        return {"inputs": piece[:-1], "targets": piece[1:], "begins": batch == 0}


class Reader(nn.Module):
    def __init__(self, width: int = 16):
        super().__init__()
        self.embed = nn.Embedding(SYMBOLS, width)
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.head = nn.Linear(width, SYMBOLS)
        # A buffer is part of each checkpoint: a killed training goes on with what it has read.
        self.register_buffer("memory", torch.zeros(2, 1, STREAMS, width))

    def training_step(self, batch):
        memory = self.memory * ~batch["begins"][:, None]  # of zeros where a text begins
        outputs, state = self.lstm(self.embed(batch["inputs"]), tuple(memory))
        self.memory.copy_(torch.stack(state).detach())  # the gradient ends with the batch
        scores, targets = self.head(outputs).flatten(0, 1), batch["targets"].flatten()
        return Step(functional.cross_entropy(scores, targets), len(targets))


def train(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs={"dataset_name": Streams},
        load_data_kwargs={"batch_size": STREAMS, "shuffle": False},
        model_kwargs={"model_name": Reader},
        optimizer_kwargs={"optimizer_name": "SGD", "lr": 2.0},
        training_config={"max_epochs": 2, "metrics": [], "clip_grad_norm": 0.5},
        **more,
    ).fit()


if __name__ == "__main__":
    train("work_dirs/lstm")
