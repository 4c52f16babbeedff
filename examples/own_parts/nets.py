"""A network of your own: any torch.nn.Module whose arguments are keys of a config."""

from torch import Tensor, nn


class TinyNet(nn.Module):
    """Two dense layers with a tanh between them.

    STRIDE fills `in_features` and `num_classes` from the data, because they are named so and the
    config does not give them. `width` is yours: `--config model_kwargs.width=64`.
    """

    def __init__(self, in_features: int, num_classes: int, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(in_features, width),
            nn.Tanh(),
            nn.Linear(width, num_classes),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Return one logit per class: (N, ...) -> (N, num_classes)."""
        logits: Tensor = self.layers(inputs)
        return logits
