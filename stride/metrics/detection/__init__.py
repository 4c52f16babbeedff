"""Score how well anomalies are found: areas, volumes, ranges and thresholds, with intervals.

Scores are one number a point of a series, or one a snippet, larger where an anomaly is more likely;
labels are 0 (normal) and 1 (anomalous). `detection_scores` measures them all in one table, beside a
random score and the mean |x|.
"""

from stride.metrics.detection.labelled_scores import LabelledScores
from stride.metrics.detection.report import DetectionScores
from stride.metrics.detection.scoring import detection_scores
from stride.metrics.detection.thresholds import BestF1, FalsePositiveRate

__all__ = ["BestF1", "DetectionScores", "FalsePositiveRate", "LabelledScores", "detection_scores"]
