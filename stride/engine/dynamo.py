"""Keep torch's optimisers from importing the compiler where nothing is compiled.

The first call of any torch optimiser imports `torch._dynamo`, over a second of processor time and
half of a small run's start-up, for two things: to be told to leave a few methods alone, and a
`graph_break()` that does nothing outside of a compilation. Both are given here for nothing. Where
torch names them otherwise, the only loss is the slow start.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

_NAME = "torch._dynamo"
_MARK = "__dynamo_disable"  # where torch keeps a method's wrapper once it has made it


class _Deferred(ModuleType):
    """Stand for `torch._dynamo` until anything but `graph_break` is asked of it."""

    @staticmethod
    def graph_break(msg: str = "") -> None:
        """Do nothing, as outside of a compilation."""

    def __getattr__(self, name: str) -> Any:
        # Who looks at all modules, as inspect does, asks for no compiler; a submodule does.
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        return getattr(_load(self), name)


def keep_dynamo_out() -> None:
    """Let the optimisers of this process do without `torch._dynamo`, unless it is there already."""
    if _NAME in sys.modules:
        return
    deferred = _Deferred(_NAME)
    sys.modules[_NAME] = deferred
    torch._dynamo = deferred
    for method in _marked_methods():
        setattr(method, _MARK, method)


def compile_calls(network: nn.Module) -> None:
    """Compile what a call of the network does, in place.

    torch's own `Module.compile` leaves a network as it is whose forward is torch's, as that of a
    Sequential: the compiler takes no function of torch for a beginning. Here it begins in ours.
    """

    def call(*inputs: Any, **options: Any) -> Any:
        return network._call_impl(*inputs, **options)  # type: ignore[no-untyped-call]

    network._compiled_call_impl = torch.compile(call)


def _load(deferred: _Deferred) -> ModuleType:
    """Import the compiler after all, and take back what stood for it."""
    if sys.modules.get(_NAME) is deferred:
        del sys.modules[_NAME]
        for method in _marked_methods():
            if getattr(method, _MARK, None) is method:
                delattr(method, _MARK)
    return import_module(_NAME)


def _marked_methods() -> list[Any]:
    names = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    methods = (getattr(getattr(Optimizer, name), "__wrapped__", None) for name in names)
    return [method for method in methods if method is not None]
