"""Draw the ROC curves of the final model."""

from collections.abc import Iterator

from stride.benchmark.overview.epoch_errors import UNITS
from stride.benchmark.overview.pictures.area_curves import LINES
from stride.benchmark.overview.pictures.picture import SMALL, SPLIT_COLOURS, Picture
from stride.benchmark.overview.recorded import FINAL, Recorded
from stride.figures import GREY, new_figure
from stride.tables.words import number


def roc_curves(recorded: Recorded) -> Iterator[Picture]:
    """Yield the curves of points and snippets; nothing without a final model and labels."""
    curves = _curves(recorded)
    if not curves:
        return
    figure = new_figure(6.4, 4.6)
    axes = figure.subplots()
    axes.plot((0, 1), (0, 1), color=GREY, linestyle=":", linewidth=1, label="chance")
    told = []
    for (split, unit), (false, true) in curves.items():
        area = _area(recorded, split, unit)
        told.append(f"{split} {unit} {area}")
        name = f"{split}, {unit}: AUC {area}"
        axes.plot(false, true, LINES[unit], color=SPLIT_COLOURS[split], label=name)
    axes.set(xlabel="false-positive rate", ylabel="true-positive rate")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.legend(frameon=False, loc="lower right", fontsize=SMALL)
    words = f"ROC curve of the final model by {recorded.score}; AUC: {', '.join(told)}"
    yield Picture("roc", "ROC of the final model", words, figure)


def _curves(recorded: Recorded) -> dict[tuple[str, str], tuple[list[float], list[float]]]:
    if FINAL not in recorded.milestones:
        return {}
    file = recorded.milestones[FINAL]
    keys = {(split, unit): f"{split}/roc/{unit}" for split in recorded.splits for unit in UNITS}
    found = {key: file.array(name) for key, name in keys.items() if name in file.names}
    return {key: (curve[0].tolist(), curve[1].tolist()) for key, curve in found.items()}


def _area(recorded: Recorded, split: str, unit: str) -> str:
    """Return the area that the record says, which is of all scores."""
    for one in recorded.splits[split].detection:
        if (one.of == "snippets") == (unit == "snippets"):
            return number(one.values.get("score", {}).get("roc_auc"))
    return number(None)
