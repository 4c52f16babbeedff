"""Say which kind of trainer a config names, and keep to it."""

from typing import ClassVar, Protocol, TypeVar

from stride.components import find
from stride.errors import ComponentError, ConfigError
from stride.trainer.fit.kind import Kind

Class = TypeVar("Class")


class HasKind(Protocol):
    """A trainer, as far as its class is compared with another."""

    kind: ClassVar[type[Kind]]


def trainer_class(name: str, base: type[Class]) -> type[Class]:
    """Return the kind of trainer that a config names.

    Raises:
        ComponentError: there is none of that name, or it is not a trainer.
    """
    found: object = find("trainer", name)
    if isinstance(found, type) and issubclass(found, base):
        return found
    hint = f"give a class that inherits from stride.{base.__name__}"
    raise ComponentError(f"{name!r} is not a trainer", where="trainer", hint=hint)


def require_trainer_class(trainer: HasKind, name: str, base: type[HasKind]) -> None:
    """Refuse to train otherwise than the config says, which is what a run records.

    Raises:
        ConfigError: the config names another kind than the trainer's.
    """
    asked, own = trainer_class(name, base), type(trainer)
    if not issubclass(own, asked) or own.kind is not asked.kind:
        mine = own.kind is not base.kind and own.__module__.partition(".")[0] != "stride"
        itself = f"{base.__name__}(..., trainer='{own.__module__}:{own.__qualname__}'), or "
        raise ConfigError(
            f"the config says trainer={name}, and this is {own.__name__}",
            key="trainer",
            where="trainer",
            hint=f"type: {itself if mine else ''}{base.__name__}(..., trainer={name!r})",
        )
