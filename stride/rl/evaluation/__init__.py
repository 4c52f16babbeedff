"""Play whole episodes with a policy, and say what they gave."""

from stride.rl.evaluation.evaluation import Evaluation
from stride.rl.evaluation.evaluator import Evaluator

__all__ = ["Evaluation", "Evaluator"]
