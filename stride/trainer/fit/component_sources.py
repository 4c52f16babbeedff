"""Know again the source of every class and function that a training is made of."""

import inspect
from collections.abc import Mapping
from typing import Any

from torch import nn

from stride.components import find, is_user_code, module_digest, source_digest
from stride.errors import ComponentError
from stride.trainer.fit.assembly import Assembly

Tables = dict[str, dict[str, str]]


def sources_of(used: Mapping[str, Any]) -> Tables:
    """Return by what the source of what a training uses is known again.

    Args:
        used: use -> a class or function.

    Returns:
        What provenance.json holds: `sources`, use -> digest; `classes`, use -> import path;
        `modules`, name of a module of the user's -> digest of its text.
    """
    kinds = {id(one): one for one in used.values()}  # the splits are of one class
    digest_of = {key: source_digest(one) for key, one in kinds.items()}
    digests = {use: digest_of[id(one)] for use, one in used.items()}
    own = {one.__module__ for one in used.values() if is_user_code(one)}
    modules = {name: module_digest(name) for name in sorted(own)}
    return {
        "sources": {use: one for use, one in digests.items() if one is not None},
        "classes": {use: _name(used[use]) for use, one in digests.items() if one is not None},
        "modules": {name: one for name, one in modules.items() if one is not None},
    }


def used_by(assembly: Assembly) -> dict[str, Any]:
    """Return the classes and functions that data, model and objects of the kind are of, by use."""
    model = assembly.model
    used: dict[str, Any] = {"model": type(model), **used_by_network(model.network)}
    used["criterion"] = type(model.criterion)
    used |= {f"frozen {name}": type(network) for name, network in model.frozen.items()}
    used |= {f"dataset of {name}": _dataset(one) for name, one in assembly.data.sources.items()}
    used |= {name: type(one) for name, one in assembly.kind.objects().items()}
    function = constructor_of(assembly)
    return used | ({} if inspect.isclass(function) else {"function of the network": function})


def used_by_network(network: nn.Module) -> dict[str, type]:
    """Return the class of a network, and those of the user's that it inherits from or is made of.

    Each of those has its name for a use.
    """
    kinds = dict.fromkeys(base for part in network.modules() for base in type(part).__mro__)
    own = [kind for kind in kinds if kind is not type(network) and is_user_code(kind)]
    return {"network": type(network), **{f"{_name(kind)} in the network": kind for kind in own}}


def constructor_of(assembly: Assembly) -> Any:
    """Return the class or function of the user's that gives the model, else the network's class."""
    model, name = assembly.model, assembly.config.model_kwargs.model_name
    if not assembly.given_model and name and ":" in name:
        try:
            found = find("model", name)
        except ComponentError:  # a notebook's, whose name has gone since the model was built
            found = None
        if inspect.isroutine(found) and is_user_code(found):
            return found
    kinds = (type(model), type(model.network))
    return next(filter(is_user_code, kinds), type(model.network))


def _dataset(source: Any) -> type:
    return type(getattr(source, "dataset", getattr(source, "stream", source)))


def _name(kind: Any) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"
