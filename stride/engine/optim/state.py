"""Take and restore the state of an optimiser."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from stride.errors import RunError
from stride.models.shards import is_sharded, sharded_like
from stride.models.strides import same_layout, with_strides


class OptimizerState:
    """The state of an optimiser, restored to the very bits and in its layout in memory.

    torch casts what it restores to the parameters' type, which is not always that of the state.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer

    def state_dict(self) -> dict[str, Any]:
        """Return the optimiser's state."""
        return self._optimizer.state_dict()

    def require_fit(self, state: Mapping[str, Any]) -> None:
        """Refuse a state for other groups of parameters.

        Raises:
            RunError: says how many parameters each group has.
        """
        held, saved = (
            [len(group["params"]) for group in groups]
            for groups in (self._optimizer.param_groups, state["param_groups"])
        )
        if held != saved:
            raise RunError(
                "the checkpoint's optimiser has other groups of parameters: "
                f"of {saved} parameters, and here of {held}",
                where="optimizer_kwargs",
                hint="make all groups before the training: those that a callback adds in the "
                "middle of it cannot be restored",
            )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the optimiser's state; it keeps the tensors given.

        Raises:
            RunError: it has other groups of parameters.
        """
        self.require_fit(state)
        own = dict(state)
        if own["state"]:  # else a scheduler warns that it comes before the first update
            self._optimizer._opt_called = True  # type: ignore[attr-defined]
        groups = self._optimizer.param_groups
        parameters = [p for group in groups for p in group["params"]]
        if any(is_sharded(parameter) for parameter in parameters):
            own["state"] = _divided(own["state"], parameters)
        walks = {id(p) for group in groups if group.get("fused") for p in group["params"]}
        self._optimizer.load_state_dict(own)
        for number, saved in own["state"].items():
            parameter = parameters[number]
            held = self._optimizer.state[parameter]
            for name, value in saved.items():
                if isinstance(value, Tensor) and value.dtype != held[name].dtype:
                    held[name] = value.to(held[name].device)
            if id(parameter) in walks:
                held.update(_beside(parameter, held))


def _beside(parameter: Tensor, state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Lay out what a fused optimiser keeps of a parameter as the parameter is.

    It made it so. Only states of format version 2 and older have it otherwise: row by row.
    """
    return {
        name: with_strides(value, parameter.stride())
        for name, value in state.items()
        if isinstance(value, Tensor)
        and not is_sharded(value)
        and value.shape == parameter.shape
        and not same_layout(value, parameter)
    }


def _divided(state: Mapping[int, Any], parameters: Sequence[Parameter]) -> dict[int, Any]:
    """Divide what an optimiser keeps of parameters as they are divided."""

    def placed(value: Any, like: Tensor) -> Any:
        fits = isinstance(value, Tensor) and value.ndim and value.shape == like.shape
        return sharded_like(value, like) if fits else value

    return {
        number: {name: placed(value, parameters[number]) for name, value in values.items()}
        for number, values in state.items()
    }
