"""A graph network: graphs of several sizes, put together into one graph for each batch."""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset

from stride import Step, Trainer


class Graphs(Dataset):
    """Random graphs; the target is the share of edges between nodes of one sign."""

    def __init__(self, samples: int = 80):
        self.random, self.samples = torch.Generator().manual_seed(0), []
        for _ in range(samples):
            nodes = torch.randn(self.draw(4, 9), 3, generator=self.random)
            edges = self.draw(0, len(nodes), (2, self.draw(6, 20)))
            alike = (nodes[edges[0], 0] > 0) == (nodes[edges[1], 0] > 0)
            self.samples.append((nodes, edges, alike.float().mean()))

    def draw(self, low, high, shape=()):
        return torch.randint(low, high, shape, generator=self.random)

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


def collate(samples):
    """Put graphs together: their nodes one after the other, and whose each is."""
    nodes, edges, targets = zip(*samples, strict=True)
    sizes = torch.tensor([len(one) for one in nodes])
    first = sizes.cumsum(0) - sizes  # the number of each graph's first node
    return {
        "nodes": torch.cat(nodes),
        "edges": torch.cat([one + start for one, start in zip(edges, first, strict=True)], dim=1),
        "graph": torch.arange(len(sizes)).repeat_interleave(sizes),
        "targets": torch.stack(targets),
    }


class GraphNet(nn.Module):
    def __init__(self, width: int = 16, layers: int = 2):
        super().__init__()
        self.enter = nn.Linear(3, width)
        self.layers = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(layers))
        self.head = nn.Linear(width, 1)

    def forward(self, batch):
        states, (source, goal) = self.enter(batch["nodes"]).relu(), batch["edges"]
        for layer in self.layers:
            heard = torch.zeros_like(states).index_add(0, goal, states[source])
            states = states + layer(torch.cat([states, heard], dim=1)).relu()
        graphs = states.new_zeros(len(batch["targets"]), states.shape[1])
        return self.head(graphs.index_add(0, batch["graph"], states)).squeeze(1)

    def training_step(self, batch):
        outputs, targets = self(batch), batch["targets"]
        return Step(functional.mse_loss(outputs, targets), len(targets), outputs, targets)


def train(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs={"dataset_name": Graphs},
        load_data_kwargs={"batch_size": 8, "collate_fn": collate},
        model_kwargs={"model_name": GraphNet},
        training_config={"max_epochs": 2, "metrics": ["mae", "r2"]},
        **more,
    ).fit()


if __name__ == "__main__":
    train("work_dirs/gnn")
