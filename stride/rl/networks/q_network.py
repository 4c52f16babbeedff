"""A network that says what each action is worth."""

from collections.abc import Sequence

from torch import Tensor, nn

from stride.errors import ConfigError
from stride.models.blocks import Size
from stride.rl.networks.dense import dense, widths


class QNetwork(nn.Module):
    """Map observations (N, *input_shape) to the value of each action, (N, num_classes).

    Args:
        input_shape: of one observation.
        num_classes: how many actions there are to choose from.
        hidden_sizes: widths of the hidden layers, in order.
        activation: name of an activation in torch.nn, after each hidden layer.
        dueling: whether the last layer gives the value of the state and the advantage of each
            action, which are then put together (Wang et al. 2016, equation 9).

    Raises:
        ConfigError: the actions are not some to choose from.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        num_classes: Size | None = None,
        hidden_sizes: Sequence[Size] = (256, 256),
        activation: str = "ReLU",
        dueling: bool = False,
    ) -> None:
        super().__init__()
        if num_classes is None:
            raise ConfigError(
                "QNetwork gives a value for each action, and here an action is made of numbers",
                key="model_kwargs.model_name",
                where="model_kwargs.model_name",
                hint="type: rl_config.algorithm=SAC, or PPO",
            )
        self.body = dense(input_shape, hidden_sizes, activation)
        features = widths(input_shape, hidden_sizes)[-1]
        self.head = Dueling(features, num_classes) if dueling else nn.Linear(features, num_classes)

    def forward(self, observations: Tensor) -> Tensor:
        """Return the values, (N, num_classes)."""
        values: Tensor = self.head(self.body(observations))
        return values


class Dueling(nn.Module):
    """The value of a state plus the advantage of each action over their mean."""

    def __init__(self, features: int, num_actions: int) -> None:
        super().__init__()
        self.value = nn.Linear(features, 1)
        self.advantages = nn.Linear(features, num_actions)

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, num_actions)."""
        advantages: Tensor = self.advantages(features)
        together: Tensor = self.value(features) + advantages - advantages.mean(1, keepdim=True)
        return together
