"""Predict on a stream, and ask for new weights when they no longer fit: python edge.py FOLDER"""

import sys
from pathlib import Path

import torch
from domains import network, stream
from exchange import receive, send
from torch import Tensor, nn

from stride.active.calibration.calibration_error import RetrainTrigger, reliability
from stride.active.drift import DriftingDataset
from stride.active.strategies.scores import entropy

WINDOW = 100  # samples between two looks at the numbers
SIGNALS = {"ece": "calibration error", "entropy": "mean entropy"}


class Edge:
    """A network in use, and what is watched of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number, self.network = folder, 0, network().eval()
        self.triggers = {name: RetrainTrigger(deviations=4) for name in SIGNALS}
        self.load()

    def load(self) -> None:
        """Wait for the newest weights, and forget how the old ones did."""
        _, weights = receive(self.folder / "to_edge", f"weights-{self.number}")
        self.temperature = weights.pop("temperature")
        self.network.load_state_dict(weights)
        for trigger in self.triggers.values():
            trigger.reset()
        print(f"edge: weights {self.number} are in use")

    @torch.no_grad()
    def watch(self, inputs: Tensor, targets: Tensor) -> list[str]:
        """Predict a window; return the signals that have risen."""
        chances = nn.functional.softmax(self.network(inputs) / self.temperature, 1)
        found = reliability(chances, targets, bins=10)
        values = {"ece": found.ece, "entropy": float(entropy(chances).mean())}
        right = float((chances.argmax(1) == targets).double().mean())
        said = "  ".join(f"{name} {value:.3f}" for name, value in values.items())
        print(f"edge: accuracy {right:.2f}  {said}")
        return [name for name, trigger in self.triggers.items() if trigger.check(values[name])]

    def ask(self, inputs: Tensor, targets: Tensor) -> None:
        """Send what was seen, with the labels that people have given meanwhile."""
        self.number += 1
        request = {"inputs": inputs, "targets": targets}
        send(self.folder / "to_datacentre", f"request-{self.number}", request)


def window(seen: DriftingDataset, begin: int) -> tuple[Tensor, Tensor]:
    """Return the samples of a window, and their labels."""
    samples = [seen[number] for number in range(begin, begin + WINDOW)]
    inputs, targets = zip(*samples, strict=True)
    return torch.stack(inputs), torch.stack(targets)


def main(folder: Path, *, drifts: bool = True) -> None:
    """Go through the stream, window by window."""
    edge, seen = Edge(folder), stream(drifts)
    for begin in range(0, len(seen), WINDOW):
        inputs, targets = window(seen, begin)
        risen = edge.watch(inputs, targets)
        if risen:
            words = ", ".join(SIGNALS[name] for name in risen)
            print(f"edge: risen at sample {begin + WINDOW}: {words}; asking for weights")
            edge.ask(inputs, targets)
            edge.load()
    send(folder / "to_datacentre", "finished", {"requests": torch.tensor(edge.number)})


if __name__ == "__main__":
    main(Path(sys.argv[1]), drifts="--static" not in sys.argv)
