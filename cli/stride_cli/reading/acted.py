"""Say in words in what a run of reinforcement learning acted, and how often."""

from collections.abc import Iterator, Mapping
from typing import Any

from stride.tables.words import number


def acted(config: Mapping[str, Any], results: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield title and text of what a run acted in; nothing of one that acts in nothing.

    Args:
        config: as config.json has it.
        results: as results.json has it.
    """
    rl = config.get("rl_config") or {}
    if not rl.get("env_name"):
        return
    beside = f", {rl['num_envs']} side by side" if (rl.get("num_envs") or 1) > 1 else ""
    yield ["environment", f"{rl['env_name']}{beside}; {rl.get('algorithm')}"]
    last, timings = results.get("last") or {}, results.get("timings") or {}
    if steps := last.get("env_steps"):
        text = f"{steps:,.0f}, and {last.get('step', 0):,} updates"
        if seconds := timings.get("train_seconds"):
            text += f"; {number(steps / seconds)} a second"
        yield ["env steps", text]
