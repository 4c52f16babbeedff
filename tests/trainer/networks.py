"""A network of two parts, one with normalisation and dropout, for a Trainer on a few digits."""

from torch import nn
from torch.nn import functional

from stride import Step

TWO_PARTS = {"model_name": f"{__name__}:TwoParts", "hidden": 8}
STUDENT = {"model_name": f"{__name__}:Student", "hidden": 4}


class TwoParts(nn.Module):
    """An encoder and a head."""

    def __init__(self, hidden: int, outputs: int = 10):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(64, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(0.5)
        )
        self.head = nn.Linear(hidden, outputs)

    def forward(self, x):
        """Return the scores."""
        return self.head(self.encoder(x))


class Student(nn.Module):
    """A network that learns what a larger one answers."""

    def __init__(self, hidden: int):
        super().__init__()
        self.layers = TwoParts(hidden)

    def forward(self, x):
        """Return the scores."""
        return self.layers(x)

    def training_step(self, batch):
        """Return the distance from the teacher's distribution over the classes."""
        inputs, targets = batch
        outputs, taught = self(inputs), self.frozen["teacher"](inputs)
        loss = functional.kl_div(outputs.log_softmax(1), taught.softmax(1), reduction="batchmean")
        return Step(loss, len(inputs), outputs, targets)
