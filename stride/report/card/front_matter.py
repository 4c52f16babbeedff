"""Write the metadata that hubs of models read: YAML above the card.

The fields are those of model cards on the Hugging Face Hub (huggingface.co/docs/hub/model-cards);
`model-index` is that of Papers with Code. What a run does not tell, as the licence, is left out.
"""

import math
import os
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from stride.report.card.subject import Score, Subject
from stride.report.card.yaml_text import yaml_text

LIBRARY = "stride-trainer"
"""The distribution that loads the model."""

MOST = 24
"""Metrics of a split that a card has; `stride show --json --records` has all."""


def front_matter(subject: Subject) -> str:
    """Return the metadata between its two lines."""
    return f"---\n{yaml_text(_metadata(subject))}\n---"


def _metadata(subject: Subject) -> dict[str, Any]:
    scores = [one for one in shown_scores(subject) if math.isfinite(one.value)]
    found: dict[str, Any] = {} if subject.imported else {"library_name": LIBRARY}
    found["tags"] = [*filter(None, _tags(subject))]
    found["metrics"] = [*dict.fromkeys(one.metric for one in scores if one.metric != "loss")]
    if scores:
        results = [_result(subject, split, [*some]) for split, some in _by_split(scores)]
        found["model-index"] = [{"name": subject.title, "results": results}]
    return {key: value for key, value in found.items() if value}


def _tags(subject: Subject) -> Iterator[str]:
    yield "" if subject.imported else "pytorch"
    if os.path.isfile(subject.paths.weights):
        yield "safetensors"
    yield subject.kind.replace(" ", "-")
    if subject.acts:
        yield from (subject.setting("rl_config.algorithm"), subject.data)
    else:
        yield subject.network


def shown_scores(subject: Subject) -> list[Score]:
    """Return the scores that a card has: of many metrics the first ones of each split."""
    return [one for _, some in _by_split(subject.scores) for one in islice(some, MOST)]


def _by_split(scores: Sequence[Score]) -> Iterator[tuple[str, Iterator[Score]]]:
    return groupby(scores, key=lambda score: score.split)


def _result(subject: Subject, split: str, scores: Sequence[Score]) -> dict[str, Any]:
    name = subject.data or "unknown"
    return {
        "task": {"type": _task(subject), "name": subject.kind or "unknown"},
        "dataset": {"name": name, "type": name, "split": split},
        "metrics": [
            {"type": one.metric, "name": f"{split} {one.metric}", "value": one.value}
            for one in scores
        ],
    }


def _task(subject: Subject) -> str:
    """Return the task as far as a run tells it: not whether its samples are images or texts."""
    if subject.acts:
        return "reinforcement-learning"
    is_rated = any(score.metric == "accuracy" for score in subject.scores)
    return "classification" if is_rated else "other"
