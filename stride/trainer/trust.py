"""Ask the user's word for what a config names, where objects do not take its place."""

from typing import Any

from stride.components.trust import Trust
from stride.config import Resolved
from stride.trainer.fit.assembly import MODEL_NAME, SET_MODEL


def require_trust(
    trust: Trust, resolved: Resolved, *, model: Any = None, word: bool = False
) -> None:
    """Refuse import paths that a folder names without its owner's word; import nothing.

    Args:
        trust: what this process was given.
        resolved: the config that is to be built.
        model: what stands for the model of the config, if anything.
        word: whether the user vouches for the folder.

    Raises:
        UserError: lists the paths, the file that names them, and what to type.
    """
    was_object = model is not None or resolved.origin(MODEL_NAME) == SET_MODEL
    trust.require(resolved, word=word, without=[MODEL_NAME] * was_object)
