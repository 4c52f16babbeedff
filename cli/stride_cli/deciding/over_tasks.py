"""`stride stats --tasks`: configurations over several tasks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stride_cli.address import select
from stride_cli.deciding.asked import keys_of, metrics_of, mode_asked
from stride_cli.deciding.stats import chosen_runs, gaps, named, some_of
from stride_cli.output import Form, print_csv, print_json, print_table, tell

if TYPE_CHECKING:
    from stride.runs.deciding.configurations import Study
    from stride.runs.deciding.over_tasks import TaskComparison


@dataclass(frozen=True)
class Question:
    """What is asked of configurations over tasks, as it was typed.

    Attributes:
        metrics: by which they are compared; the monitored one for none.
        over: keys in which repetitions differ; None: the seed.
        tasks: keys that tell tasks.
        mode: which way is better; None where that is known.
    """

    metrics: Sequence[str]
    over: str | None
    tasks: str
    mode: str | None


def refuse_alone(*, normalize: bool) -> None:
    """Refuse to scale tasks where none are asked for.

    Raises:
        UserError: it was asked for.
    """
    from stride.errors import UserError

    if normalize:
        what = "--normalize scales the values of tasks"
        raise UserError(what, hint="type it with --tasks, as --tasks env_name")


def run(
    places: Sequence[str], asked: Question, *, where: str | None, normalize: bool, form: Form
) -> None:
    """Compare configurations by metrics over tasks and repetitions."""
    from stride.runs.deciding import plain, task_tables
    from stride.runs.deciding.configurations import group
    from stride.runs.deciding.over_tasks import compare_over_tasks

    way = mode_asked(asked.mode)
    with select(places, where) as selection:
        runs = chosen_runs(selection, places, where)
        tasks = keys_of(selection, asked.tasks)
        over = [key for key in keys_of(selection, asked.over) if key not in tasks]
        study = group(runs, over, tasks)
        metrics = metrics_of(selection, runs, asked.metrics)
        found = [compare_over_tasks(study, one, way, scale=normalize) for one in metrics]
    if form is Form.JSON:
        print_json(plain.task_comparisons(study, found))
    elif form is Form.CSV:
        print_csv(task_tables.SHEET, task_tables.task_sheet(found))
    elif study.configurations:
        print_table(task_tables.task_table(found), form)
    if form is not Form.JSON:
        tell("\n".join(_explained(study, found)))


def _explained(study: "Study", found: Sequence["TaskComparison"]) -> Iterator[str]:
    """Yield in words what the numbers are, and which runs they leave out."""
    for one in found:
        way = {"max": "larger is better", "min": "smaller is better"}.get(one.mode or "")
        yield f"{one.metric.title}: {way or 'which way is better is not known; type: --mode max'}"
    keys = study.keys()
    over, tasks = keys[: -study.tasks], keys[-study.tasks :]
    yield f"tasks by {', '.join(tasks)}, over {', '.join(over)}; IQM: mean of the middle half"
    if any(row.improvement for one in found for row in one.rows):
        yield "better than the best: how likely a run of a same task is; intervals hold together"
    if not any(one.scaled for one in found):
        yield "the values of all tasks count as they are; --normalize brings each task to 0 to 1"
    measured = [row.measured for one in found for row in one.rows]
    if lines := [*dict.fromkeys(line for row in measured for line in gaps(study, row))]:
        yield some_of(lines, "\n")
    if study.left_out:
        yield f"left out: {named(study.left_out)}"
