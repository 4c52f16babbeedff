"""The Model that the loop calls: a network, its criterion and their steps."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Real
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from stride.config.metrics import value_name_fault
from stride.errors import DataError, nearest_name
from stride.models.frozen_networks import FrozenNetworks
from stride.models.gradient_mode import evaluating, forget_gradients, without_graph
from stride.models.losses import LABELS, Size, Value, loss_function_for, value_or_zero
from stride.models.shards import state_like
from stride.models.targets import CLASSES, POINTWISE, class_indices, match_shape

NO_VALUES: Mapping[str, Value] = MappingProxyType({})
CRITERION = "criterion:"  # prefix of a criterion's own state; no attribute name holds a colon


class Step(NamedTuple):
    """The result of one step: the mean loss over its samples, and what metrics need.

    Attributes:
        loss: scalar mean over the batch, with its graph in training.
        size: what the loss is the mean of: how many samples, tokens or nodes, or the sum of their
            weights; a number, or a tensor of one, never waited for. It is the loss's weight
            wherever losses come together: microbatches, processes, epochs. Of 0, a step counts
            nothing. Where in an epoch a training is does not follow from it.
        outputs: what the network returned, if metrics are to see it.
        targets: the targets as the criterion saw them (shapes and type made to fit the outputs).
        values: further means over the step, by name: numbers, or tensors of one, never waited for.
            They are averaged and recorded as the loss is.
        optimizer: the name of the one that this step is an update of, where there are several.
    """

    loss: Tensor
    size: Size
    outputs: Any = None
    targets: Any = None
    values: Mapping[str, Value] = NO_VALUES
    optimizer: str = ""


new_step = tuple.__new__  # half the time of Step(...), which is Python code


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
        frozen_modules: names of the network's modules that stay in evaluation mode.
        frozen: networks of other runs that the steps may call and nothing trains, by name.
    """

    evaluation_needs_gradients: bool = False

    def __init__(self, network: nn.Module, criterion: nn.Module) -> None:
        self.network = network
        self.criterion = criterion
        if getattr(network, "evaluation_needs_gradients", False):
            self.evaluation_needs_gradients = True
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


def as_step(result: Any, batch: Any) -> Step:
    """Return a user's step result as a Step: a bare loss gets its size from the batch."""
    if isinstance(result, Step):
        if isinstance(result.loss, Tensor) and not result.loss.ndim and _is_size(result.size):
            require_values(result.values)
            return result
        raise DataError(
            "the Step that the model's step returned has no scalar loss, or no number for its size",
            hint="return the mean loss as a tensor without dimensions, and the number of samples",
        )
    if isinstance(result, Tensor) and result.numel() == 1:
        return Step(result.reshape(()), batch_size(batch))
    shape = f" of shape {tuple(result.shape)}" if isinstance(result, Tensor) else ""
    raise DataError(
        f"the model's step returned a {type(result).__name__}{shape}",
        hint="return the mean loss as a scalar tensor, or stride.Step(loss, size)",
    )


def _is_size(size: Any) -> bool:
    if isinstance(size, Tensor):
        return not size.ndim
    return isinstance(size, Real) and not isinstance(size, bool) and 0 <= float(size) < math.inf


def require_values(values: Any) -> None:
    """Refuse named values of a step that cannot be recorded.

    Raises:
        DataError: they are not a mapping of names to scalars, or a name is taken or not one.
    """
    if not isinstance(values, Mapping):
        raise _bad_values(f"are a {type(values).__name__}, not a dict of names and scalars")
    for name, value in values.items():
        if fault := value_name_fault(name):
            near = nearest_name(name, lambda one: not value_name_fault(one))
            raise _bad_values(f"have the name {name!r}, {fault}", near)
        if not is_scalar(value):
            shape = f" of shape {tuple(value.shape)}" if isinstance(value, Tensor) else ""
            raise _bad_values(f"hold a {type(value).__name__}{shape} as {name!r}, not one number")


def is_scalar(value: Any) -> bool:
    """Tell whether a value of a step is one real number, or a tensor of one."""
    if isinstance(value, Tensor):
        return not value.ndim and not value.is_complex()
    return isinstance(value, Real)


def _bad_values(what: str, hint: str = "") -> DataError:
    return DataError(
        f"the values of the Step that the model's step returned {what}",
        where="training_step or evaluation_step",
        hint=hint
        or 'return Step(loss, size, outputs, targets, values={"kl": kl}), kl the mean as a '
        "number or a tensor without dimensions",
    )


def loss_or_zero(step: Step) -> Tensor:
    """Return the loss without its graph: 0 where it is the mean of nothing, and so NaN."""
    return value_or_zero(step.loss, step.size)


def split_batch(batch: Any) -> tuple[Any, Any]:
    """Return inputs and targets of a batch; inputs alone are their own targets."""
    if isinstance(batch, Tensor):
        return batch, batch
    if isinstance(batch, Mapping) and "inputs" in batch:
        return batch["inputs"], batch.get("targets", batch["inputs"])
    if isinstance(batch, (tuple, list)) and len(batch) in (1, 2):
        return batch[0], batch[-1]
    form = f"{type(batch).__name__} of {len(batch)}" if hasattr(batch, "__len__") else type(batch)
    raise DataError(
        f"a batch that is a {form} is not (inputs, targets)",
        hint='yield (inputs, targets), inputs, {"inputs": ..., "targets": ...}, '
        "or give the model its own training_step",
    )


def network_part(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Model's state without what belongs to its criterion: the weights, as in a file."""
    return {name: value for name, value in state.items() if not name.startswith(CRITERION)}


def batch_size(batch: Any) -> int:
    """Return the number of samples: the length of the first tensor found in the batch.

    A batch in which none is found, as an object of another library, counts as one sample.
    """
    size = _first_length(batch)
    return 1 if size is None else size


def _first_length(batch: Any) -> int | None:
    if isinstance(batch, Tensor):
        return batch.shape[0] if batch.ndim else 1
    if not isinstance(batch, (Mapping, tuple, list)):
        return None
    parts = batch.values() if isinstance(batch, Mapping) else batch
    return next((n for part in parts if (n := _first_length(part)) is not None), None)
