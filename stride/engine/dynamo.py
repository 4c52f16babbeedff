"""Keep torch's optimisers from importing the compiler where nothing is compiled.

The first call of any torch optimiser imports `torch._dynamo`, over a second of processor time and
half of a small run's start-up, for two things: to be told to leave a few methods alone, and a
`graph_break()` that does nothing outside of a compilation. Both are given here for nothing. Where
torch names them otherwise, the only loss is the slow start.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

_NAME = "torch._dynamo"
_MODES = 2  # training and evaluation: a function that is compiled more often has met other shapes
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


def compile_calls(
    network: nn.Module, *, fixed: bool = False, backend: str = "inductor"
) -> Callable[[], bool]:
    """Compile what a call of the network does, in place.

    torch's own `Module.compile` leaves a network as it is whose forward is torch's, as that of a
    Sequential: the compiler takes no function of torch for a beginning. Here it begins in ours.

    Args:
        network: what is compiled.
        fixed: whether samples have one shape: kernels are then made for each size of a batch. Else
            the compiler makes more general ones when it has met a second shape, and which of them
            a batch meets depends on the batches before.
        backend: of torch.compile.

    Returns:
        Tells whether kernels were chosen by the shapes of earlier batches.
    """

    def call(*inputs: Any, **options: Any) -> Any:
        return network._call_impl(*inputs, **options)  # type: ignore[no-untyped-call]

    # torch counts the kernels of a code object, and gives up at some number: each network has one.
    call.__code__ = call.__code__.replace()
    network._compiled_call_impl = torch.compile(
        call, dynamic=False if fixed else None, backend=backend
    )
    return lambda: _made(call) >= (_most() if fixed else _MODES + 1)


def _made(call: Callable[..., Any]) -> int:
    """Return how many times a function has been compiled so far."""
    frame = import_module("torch._dynamo.eval_frame")
    count: int = len(frame._debug_get_cache_entry_list(call))
    return count


def _most() -> int:
    most: int = import_module("torch._dynamo.config").recompile_limit
    return most


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
