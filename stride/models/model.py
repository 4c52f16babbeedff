"""The Model that the loop calls: a network, its criterion and their steps."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from stride.models.frozen_networks import FrozenNetworks
from stride.models.gradient_mode import evaluating, forget_gradients, without_graph
from stride.models.losses import LABELS, loss_function_for
from stride.models.shards import state_like
from stride.models.steps.batch import batch_size, split_batch
from stride.models.steps.step import NO_VALUES, Step, as_step, new_step
from stride.models.targets import CLASSES, POINTWISE, class_indices, match_shape

CRITERION = "criterion:"  # prefix of a criterion's own state; no attribute name holds a colon


class Model:
    """Wrap a network and a criterion into the steps that the loop calls.

    A batch is (inputs, targets), {"inputs": ..., "targets": ...}, or inputs alone as a tensor or
    (inputs,), which the network then has to reconstruct. Subclasses fill `training_step`, and
    `evaluation_step` where it differs; either may return a `Step` or the bare mean loss.

    Attributes:
        network: the plain module; its parameters are trained, its state_dict is the weights.
        criterion: called as criterion(outputs, targets); its own parameters are trained too.
        forward: what a step calls for the outputs: the network, or a wrapper round it
            (DistributedDataParallel, torch.compile) which the engine puts here.
        evaluation_needs_gradients: whether evaluation steps and predictions are computed with
            gradients, for losses and outputs that are made of some, as forces or the residual of
            a differential equation; else in inference mode. A class of models or networks says so.
        learns: whether there is anything to train; a class of networks that only score says no.
        frozen_modules: names of the network's modules that stay in evaluation mode.
        frozen: networks of other runs that the steps may call and nothing trains, by name.
    """

    evaluation_needs_gradients: bool = False
    learns: bool = True

    def __init__(self, network: nn.Module, criterion: nn.Module) -> None:
        self.network = network
        self.criterion = criterion
        if getattr(network, "evaluation_needs_gradients", False):
            self.evaluation_needs_gradients = True
        if not getattr(network, "learns", True):
            self.learns = False
        self.forward: Callable[..., Any] = network
        self.frozen_modules: Sequence[str] = ()
        self.frozen = FrozenNetworks()
        self._loss_function = loss_function_for(criterion)
        self._ignored = criterion.ignore_index if isinstance(criterion, LABELS) else -1
        self._align: Callable[[Any, Any], Any] | None = None
        if isinstance(criterion, POINTWISE):
            self._align = match_shape
        elif isinstance(criterion, CLASSES):
            self._align = self._look_once

    def training_step(self, batch: Any) -> Step | Tensor:
        """Return the mean loss over the batch, with outputs and targets for the metrics.

        Raises:
            DataError: for a batch of an unknown form, or targets that do not fit the outputs.
        """
        kind = type(batch)
        if (kind is tuple or kind is list) and len(batch) == 2:
            inputs, targets = batch
        else:
            inputs, targets = split_batch(batch)
        outputs = self.forward(inputs)
        if self._align is not None:
            targets = self._align(outputs, targets)
        return self.make_step(outputs, targets, inputs)

    def make_step(self, outputs: Any, targets: Any, inputs: Any) -> Step:
        """Return the Step of outputs and matching targets, by the criterion."""
        loss, size = self._loss_function(self.criterion, outputs, targets)
        if size is None:
            size = inputs.shape[0] if isinstance(inputs, Tensor) else batch_size(inputs)
        if self._ignored >= 0:
            targets = self._counted(targets)
        return new_step(Step, (loss, size, outputs, targets, NO_VALUES, ""))

    def _counted(self, targets: Any) -> Any:
        """Return targets with -1 for those that the criterion ignores: metrics skip these."""
        classes = isinstance(targets, Tensor) and not targets.is_floating_point()
        return torch.where(targets == self._ignored, -1, targets) if classes else targets

    def _look_once(self, outputs: Any, targets: Any) -> Any:
        # A class criterion refuses what does not fit by itself, so a look at one batch is enough
        # where that batch needs no change; pointwise ones broadcast, and are looked at each time.
        fitted = class_indices(outputs, targets)
        if fitted is targets:
            self._align = None
        return fitted

    def evaluation_step(self, batch: Any) -> Step | Tensor:
        """Return the step that evaluation sees: by default the training step."""
        return self.training_step(batch)

    def predict(self, inputs: Any) -> Any:
        """Return the network's outputs for inputs, in evaluation mode, restored after."""
        training = self.network.training
        self.network.eval()
        placed = inputs.to(self.device) if isinstance(inputs, Tensor) else inputs
        try:
            with evaluating(self):
                outputs = self.network(placed)
                return without_graph(outputs) if self.evaluation_needs_gradients else outputs
        finally:
            self._train_network(training)

    @property
    def device(self) -> torch.device:
        """Return the device of the network's first parameter or buffer, else the CPU."""
        for tensors in (self.network.parameters(), self.network.buffers()):
            for tensor in tensors:
                return tensor.device
        return torch.device("cpu")

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield what the optimiser trains: the network's parameters, then the criterion's."""
        # Checkpoints hold the optimiser's state by position: this order must not change.
        yield from self.network.parameters()
        yield from self.criterion.parameters()

    def set_frozen(self, networks: FrozenNetworks) -> None:
        """Let the steps call other networks, as `self.frozen["teacher"]`."""
        self.frozen = networks

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield name and parameter likewise; names of the criterion's begin with "criterion:"."""
        yield from self.network.named_parameters()
        for name, parameter in self.criterion.named_parameters():
            yield CRITERION + name, parameter

    def state_dict(self) -> dict[str, Tensor]:
        """Return the network's tensors by name, and the criterion's under "criterion:"."""
        criterion = self.criterion.state_dict()
        return {
            **self.network.state_dict(),
            **{CRITERION + name: value for name, value in criterion.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave; a missing, unknown or misshapen key is an error."""
        mine = network_part(state)
        theirs = {k.removeprefix(CRITERION): v for k, v in state.items() if k not in mine}
        for module, values in ((self.network, mine), (self.criterion, theirs)):
            module.load_state_dict(state_like(values, module), strict=True)

    def train(self, mode: bool = True) -> "Model":
        """Switch network and criterion to training mode (or to evaluation mode: mode=False).

        What is frozen stays in evaluation mode.
        """
        self._train_network(mode)
        self.criterion.train(mode)
        return self

    def _train_network(self, mode: bool) -> None:
        self.network.train(mode)
        for name in self.frozen_modules:  # found by name: other modules may take their place
            self.network.get_submodule(name).eval()

    def eval(self) -> "Model":
        """Switch network and criterion to evaluation mode."""
        return self.train(False)

    def to(self, device: torch.device | str) -> "Model":
        """Move network and criterion to a device, in place."""
        self.network.to(device)
        self.criterion.to(device)
        return self


class OwnSteps(Model):
    """Wrap a module that has its own training_step as a Model.

    The module's methods are bound as they are, so that no call lies between loop and user. A
    module without evaluation_step or predict is evaluated by its training step, and called.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network, nn.Identity())
        for name in ("training_step", "evaluation_step", "predict"):
            if callable(own := getattr(network, name, None)):
                setattr(self, name, own)

    def set_frozen(self, networks: FrozenNetworks) -> None:
        """Let the module's own steps call other networks, by its attribute `frozen`."""
        super().set_frozen(networks)
        self.network.frozen = networks  # type: ignore[assignment]


def evaluated_step(model: Model, batch: Any) -> Step:
    """Return the model's evaluation step of a batch; of gradients it needed nothing is kept."""
    step = as_step(model.evaluation_step(batch), batch)
    if not model.evaluation_needs_gradients:
        return step
    forget_gradients(model)
    detached: Step = without_graph(step)
    return detached


def network_part(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Model's state without what belongs to its criterion: the weights, as in a file."""
    return {name: value for name, value in state.items() if not name.startswith(CRITERION)}
