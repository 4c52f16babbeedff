"""A network of two parts, one with normalisation and dropout, for a Trainer on a few digits."""

from torch import nn

TWO_PARTS = {"model_name": f"{__name__}:TwoParts", "hidden": 8}


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
