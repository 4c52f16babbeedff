"""Say as the user's mistake what Gymnasium refuses, as packages that are missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from stride.errors import ComponentError, MissingExtra

KEY = "rl_config.env_name"


@contextmanager
def as_user_errors(what: str) -> Iterator[None]:
    """Turn Gymnasium's errors of a block, imports that fail and what is not done into the user's.

    Args:
        what: cannot be done then, in words.

    Raises:
        MissingExtra: pygame is missing, which draws.
        ComponentError: tells what Gymnasium said.
    """
    import gymnasium

    try:
        yield
    except gymnasium.error.DependencyNotInstalled as error:
        if "pygame" in str(error):
            raise MissingExtra("pygame", "video", where=KEY) from error
        raise ComponentError(f"{what}: {error}", where=KEY) from error
    except (gymnasium.error.Error, ImportError, NotImplementedError) as error:
        raise ComponentError(f"{what}: {error}", where=KEY) from error
