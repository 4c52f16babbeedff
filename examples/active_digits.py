"""Which query strategy learns digits from the fewest labels? Learning curves over seeds.

Ten images are labelled at first, then ten more in each round, up to 200 of 1,257. Each strategy
does that with five seeds; a seed gives all of them the same start. It takes about a minute on one
core, and can be stopped and typed again. The same, by hand:

    stride active W --compare UniformSampling,MarginSampling --seeds 5 --config ...

Give a work_dir as the first argument to keep the runs elsewhere, then the number of seeds, then
that of labels.
"""

import sys

from stride.active.curves.groups import group_curves
from stride.trainers.active.comparison import Comparison

STRATEGIES = ["UniformSampling", "EntropySampling", "MarginSampling", "CoreSet", "BADGE"]
TARGET = 0.9  # of the test images right

CONFIG = [
    "model_kwargs.model_name=MLP",
    "model_kwargs.hidden=[64]",
    "load_data_kwargs.batch_size=32",
    "optimizer_kwargs.lr=0.01",
    "training_config.max_epochs=30",
    "training_config.with_validation=false",  # its labels would not be free either
    "active_config.start_size=10",
    "active_config.num_queries=10",
]


def main(work_dir: str = "work_dirs/active_digits", seeds: str = "5", labels: str = "200") -> None:
    """Train what is not done yet, and print the curves."""
    config = [*CONFIG, f"active_config.num_rounds={(int(labels) - 10) // 10}"]
    comparison = Comparison.of(work_dir, STRATEGIES, range(int(seeds)), config)
    comparison.train(lambda line: print(line, file=sys.stderr))
    grouped = group_curves(comparison.runs(), "test/accuracy")
    told = comparison.save(grouped, TARGET)  # curves.json and curves.png in the work_dir
    for line in table(told["groups"]):
        print("".join(f"{cell:>20}" for cell in line))


def table(groups: list[dict]) -> list[list[str]]:
    """Return a column for each strategy: its curve, and what the curve says."""
    lines = [["labels", *(group["name"] for group in groups)]]
    for place, labels in enumerate(groups[0]["labelled"]):
        values = [(group["mean"][place], group["deviation"][place]) for group in groups]
        lines.append([str(labels), *(with_spread(*value) for value in values)])
    areas = [with_spread(group["area"], group["area_deviation"]) for group in groups]
    needed = ["/".join(str(one or "-") for one in group["labels_needed"]) for group in groups]
    return [
        *lines,
        ["area", *areas],
        ["minus Uniform", *map(difference, groups)],  # mean over the seeds ± standard error
        ["which is", *(group.get("verdict", "-") for group in groups)],
        [f"labels to {TARGET:.0%}", *needed],  # of each seed
    ]


def with_spread(mean: float, spread: float) -> str:
    """Return a mean and its deviation over the seeds."""
    return f"{mean:.3f} ± {spread:.3f}"


def difference(group: dict) -> str:
    """Return how much more area than random choice a strategy has, seed by seed."""
    if "difference_error" not in group:
        return "-"
    return f"{group['difference']:+.3f} ± {group['difference_error']:.3f}"


if __name__ == "__main__":
    main(*sys.argv[1:])
