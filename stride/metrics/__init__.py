"""Measure outputs against targets over a whole split: `Metric`, and the metrics known by name.

They are exact: summed on the device, read once at the end. Whether one fits is judged by what the
model's step gives, not by the data set.

    name            task                 value
    accuracy        classes              share of right answers
    top5_accuracy   classes              share with the right answer among the five best
    error           classes              1 - accuracy
    f1              classes              mean over the classes that occur (macro)
    auc             two classes          area under the ROC curve, by ranks, ties counted half
    mse rmse mae    numbers              over all numbers of all samples
    r2              numbers              mean over the outputs; of fields, over the channels

Arguments are those of their classes, as `k`, `channel` and `average`.

Class outputs are scores of shape (N, C, ...) with targets (N, ...), or one score above or below
zero for each of two classes (their targets may be the numbers 0.0 and 1.0). Fields of numbers are
(N, C, ...), their channels in dimension 1. Negative class targets (as -100) are not counted.
"""

from stride.metrics.base import Metric, Sums

__all__ = ["Metric", "Sums"]
