"""A transformer that continues a text, as nanoGPT does: its length is counted in steps."""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset

from stride import Step, Trainer

SYMBOLS, LENGTH = 12, 16


class Windows(Dataset):
    """A text; a sample is the piece of it that begins at a place, and the same one place on."""

    def __init__(self, split: str, symbols: int = 200):
        random = torch.Generator().manual_seed({"train": 0, "val": 1, "test": 2}[split])
        self.text = torch.randint(1, 3, (symbols,), generator=random).cumsum(0) % SYMBOLS

    def __len__(self):
        return len(self.text) - LENGTH

    def __getitem__(self, start):
        return self.text[start : start + LENGTH], self.text[start + 1 : start + LENGTH + 1]


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads, self.attention = heads, nn.Linear(width, 3 * width)
        self.project, self.norms = (
            nn.Linear(width, width),
            nn.ModuleList(map(nn.LayerNorm, [width] * 2)),
        )
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, states):
        parts = self.attention(self.norms[0](states)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        states = states + self.project(seen.transpose(1, 2).flatten(2))
        return states + self.mlp(self.norms[1](states))


class Gpt(nn.Module):
    def __init__(self, width: int = 16, heads: int = 2, blocks: int = 2):
        super().__init__()
        self.symbol, self.place = nn.Embedding(SYMBOLS, width), nn.Embedding(LENGTH, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(blocks)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, SYMBOLS, bias=False)
        self.head.weight = self.symbol.weight  # one matrix for both

    def forward(self, texts):
        states = self.symbol(texts) + self.place.weight[: texts.shape[1]]
        return self.head(self.norm(self.blocks(states)))

    def training_step(self, batch):
        texts, targets = batch
        scores, targets = self(texts).flatten(0, 1), targets.flatten()
        return Step(functional.cross_entropy(scores, targets), len(targets))


def train(work_dir, **more):
    undecayed = {"match": ["*.bias", "*norm*"], "weight_decay": 0.0, "name": "undecayed"}
    Trainer(
        work_dir,
        dataset_kwargs={"dataset_name": Windows},
        load_data_kwargs={"batch_size": 16},
        model_kwargs={"model_name": Gpt},
        optimizer_kwargs={"lr": 1e-2, "weight_decay": 0.1, "groups": [undecayed]},
        scheduler_kwargs={"scheduler_name": "WarmupCosine", "warmup_steps": 5},
        training_config={
            "max_steps": 20,
            "evaluate_every_steps": 8,
            "clip_grad_norm": 1.0,
            "metrics": [],
        },
        **more,
    ).fit()


if __name__ == "__main__":
    train("work_dirs/gpt")
