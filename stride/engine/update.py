"""Do one optimiser update, in two halves: the gradients of a window, and their application."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import clip_grad_norm_, get_total_norm
from torch.optim import Optimizer

from stride.engine.optim.build import needs_closure
from stride.engine.optim.optimizers import Optimizers, parameters_of, require_named
from stride.engine.parallel.gradients import Gradients, OwnGradients
from stride.engine.precision import Precision
from stride.errors import ConfigError, DataError
from stride.metrics.pooled import concatenate
from stride.models.losses import to_sum_dtype, value_or_zero
from stride.models.model import Model
from stride.models.shards import full_tensor
from stride.models.steps.step import Step, as_step, loss_or_zero


class NonFiniteLoss(ArithmeticError):
    """Tell the loop that the loss of the step just tried, on some rank, is not finite.

    Attributes:
        step: what it gave on this one.
    """

    def __init__(self, step: Step) -> None:
        super().__init__("the loss is not finite")
        self.step = step


def _forget(norm: Tensor) -> None:
    """Ignore the norm."""


class _Mover:
    """An optimiser with all that an update by it needs.

    Attributes:
        name: "" of a single one.
        optimizer: moves the parameters.
        parameters: that it moves.
        backward: the backward pass, which reaches these parameters alone where there are several
            optimisers.
        needs_closure: whether it asks for loss and gradients by itself.
    """

    def __init__(self, name: str, optimizer: Optimizer, precision: Precision) -> None:
        self.name, self.optimizer = name, optimizer
        self.parameters: list[Parameter] = parameters_of(optimizer)
        reached = partial(precision.backward, inputs=self.parameters)
        self.backward: Callable[..., None] = reached if name else precision.backward
        self.needs_closure = needs_closure(optimizer)


class Update:
    """One optimiser update over a window of one or more microbatches.

    The gradient of a window is that of its mean loss over all that its steps are means of, however
    it is cut into microbatches. Hooks called `before_step` run when the gradients stand and are at
    their true size; clipping comes after them, then the optimiser. Of several optimisers it is
    that which the steps of the window name: only its parameters have gradients then.

    Args:
        model: what gives the loss.
        optimizers: what moves the parameters.
        precision: the arithmetic.
        clip_grad_norm: the largest norm over all gradients, None for any.
        measure_norm: whether the norm is computed where nothing is clipped.
        before_step: hooks, each called with the window.
        check_loss: whether each loss is read and checked before the update (this waits for the
            device in every step).
        note_norm: called with the norm of all gradients before they are clipped.
        gradients: what makes gradients those of all ranks; None: of one process.
    """

    def __init__(
        self,
        model: Model,
        optimizers: Optimizers,
        precision: Precision,
        *,
        clip_grad_norm: float | None = None,
        measure_norm: bool = False,
        before_step: Sequence[Callable[[Any], Any]] = (),
        check_loss: bool = False,
        note_norm: Callable[[Tensor], None] = _forget,
        gradients: Gradients | None = None,
    ) -> None:
        self._note_norm = note_norm
        self._model = model
        self._gradients = gradients or OwnGradients(model)
        self._optimizers = optimizers
        self._precision = precision
        self._clip = clip_grad_norm
        self._measure_norm = measure_norm
        self._before_step = before_step
        self._check_loss = check_loss
        self._groups = 0
        self._gather_parameters()

    def _gather_parameters(self) -> None:
        optimizers, precision = self._optimizers, self._precision
        self._groups = optimizers.num_groups()
        self._parameters = optimizers.parameters()
        self._movers = {name: _Mover(name, one, precision) for name, one in optimizers.items()}
        self._chosen = next(iter(self._movers.values()))

    def train(self, mode: bool = True) -> None:
        """Switch the model, and an optimiser that has modes, to training or to evaluation."""
        self._model.train(mode)
        if not mode:
            self._gradients.share_buffers()
        self._switch_optimizers(mode)

    def _switch_optimizers(self, mode: bool) -> None:
        for optimizer in self._optimizers.values():
            switch = getattr(optimizer, "train" if mode else "eval", None)
            if switch is not None:
                switch()

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Switch to evaluation in the block, and each module back to its own mode after it."""
        model = self._model
        modules = [*model.network.modules(), *model.criterion.modules()]
        training = [module for module in modules if module.training]
        self.train(False)
        try:
            yield
        finally:
            for module in training:
                module.training = True
            self._switch_optimizers(True)

    def gradients(self, window: Sequence[Any], *, checked: bool = True) -> Step:
        """Leave the window's gradients in the parameters; return its loss, outputs and targets.

        Args:
            window: the microbatches of the update.
            checked: whether `check_loss` applies.

        Raises:
            NonFiniteLoss: the loss is not finite and `check_loss` is set.
            DataError: the steps name no optimiser that there is, or several.
        """
        if self._optimizers.num_groups() != self._groups:  # a callback has unfrozen some
            self._gather_parameters()
            self._gradients.adopt()
        for parameter in self._parameters:
            parameter.grad = None
        steps: list[Step] = []
        for batch in self._gradients.parts(window):
            with self._precision.autocast():
                step = self._gradients.training_step(batch)
            if type(step) is not Step:
                step = as_step(step, batch)
            if step.optimizer != self._chosen.name:
                self._choose(step, steps)
            self._gradients.backward(step, self._chosen.backward)
            steps.append(step)
        if self._check_loss and checked:
            self._require_finite(steps)
        own = self._chosen.name if steps else ""
        name = self._gradients.reduce(self._parameters, own)
        self._chosen = self._movers[name]
        return steps[0] if len(steps) == 1 else _joined(steps, self._parameters[0].device, name)

    def _choose(self, step: Step, before: list[Step]) -> None:
        """Take the optimiser that a step names, where its window has named no other."""
        require_named(step, self._optimizers.names)
        if before:
            names = f"{before[0].optimizer!r} and {step.optimizer!r}"
            what, hint = f"the microbatches of a step name {names}", "name the same in all of them"
            raise DataError(what, where="training_step", hint=hint)
        self._chosen = self._movers[step.optimizer]

    def _require_finite(self, steps: list[Step]) -> None:
        if not self._gradients.are_finite([loss_or_zero(step) for step in steps]):
            name = self._gradients.agree(self._chosen.name if steps else "")
            raise NonFiniteLoss(_joined(steps, self._parameters[0].device, name))

    def apply(self, window: Sequence[Any], step: Step) -> None:
        """Call the hooks, clip, and let the optimiser move the parameters."""
        self._prepare(window)
        scaler = self._precision.scaler
        optimizer = self._chosen.optimizer
        if self._chosen.needs_closure:
            optimizer.step(self._closure(window, step))  # type: ignore[arg-type]
        elif scaler is None:
            optimizer.step()
        else:
            scaler.step(optimizer)
            scaler.update()

    def _prepare(self, window: Sequence[Any]) -> None:
        if not (self._before_step or self._measure_norm) and self._clip is None:
            return
        self._precision.unscale(self._chosen.optimizer)
        batches = self._gradients.batches(window)
        for hook in self._before_step:
            hook(batches)
        if self._clip is not None:
            self._note_norm(full_tensor(clip_grad_norm_(self._chosen.parameters, self._clip)))
        elif self._measure_norm:
            gradients = [p.grad for p in self._chosen.parameters if p.grad is not None]
            self._note_norm(full_tensor(get_total_norm(gradients)))

    def _closure(self, window: Sequence[Any], first: Step) -> Callable[[], Tensor]:
        """Return what an optimiser like LBFGS calls for loss and gradients again and again."""
        known = [first]

        def closure() -> Tensor:
            if known:
                return self._gradients.loss(known.pop())
            # A search along a line may meet losses that are not finite, and turns back by itself.
            step = self.gradients(window, checked=False)
            self._prepare(window)
            return self._gradients.loss(step)

        return closure


def check_optimizer(optimizer: Optimizer, precision: Precision) -> None:
    """Refuse an optimiser that asks for gradients by itself where they would come scaled.

    Raises:
        ConfigError: it does, as LBFGS, and the precision is fp16.
    """
    if needs_closure(optimizer) and precision.scaler is not None:
        raise ConfigError(
            f"{type(optimizer).__name__} cannot be used with {precision.name}",
            key="training_config.precision",
            where="training_config.precision",
            hint="type: training_config.precision=bf16",
        )


def _joined(steps: list[Step], device: torch.device, optimizer: str) -> Step:
    """Join the microbatches of one update: the mean of their losses, outputs end to end.

    Outputs and targets are lists where they do not fit together, as sequences of several lengths.
    A rank that had no samples has a step of none.
    """
    if not steps:
        return Step(torch.zeros((), device=device), 0, optimizer=optimizer)
    size = sum(to_sum_dtype(step.size) for step in steps)
    loss = torch.stack([loss_or_zero(step) * step.size for step in steps]).sum() / size
    values = _mean_values(steps)
    outputs, targets = ([getattr(step, name) for step in steps] for name in ("outputs", "targets"))
    if not all(isinstance(part, Tensor) for part in outputs + targets):
        return Step(loss, size, values=values, optimizer=optimizer)
    joined = concatenate(outputs), concatenate(targets)
    return Step(loss, size, *joined, values, optimizer)


def _mean_values(steps: list[Step]) -> Mapping[str, Tensor]:
    """Return the means of the named values, each over the microbatches that gave it."""
    means: dict[str, Tensor] = {}
    for name in dict.fromkeys(chain.from_iterable(step.values for step in steps)):
        given = [(s.values[name], to_sum_dtype(s.size)) for s in steps if name in s.values]
        total = sum(value_or_zero(value, size) * size for value, size in given)
        means[name] = torch.as_tensor(total / sum(size for _, size in given))
    return means
