"""Try metrics on what a step gives."""

import warnings
from collections.abc import Mapping

from stride.config.metrics import as_number, metric_name
from stride.distributed import world_size
from stride.engine.probe.messages import first_line
from stride.errors import DataError, StrideError
from stride.metrics.base import Metric
from stride.metrics.names import named_numbers
from stride.models.steps.step import Step


def try_update(metrics: Mapping[str, Metric], step: Step) -> None:
    """Let metrics measure a step, and merge them as several processes do.

    Raises:
        DataError: naming the metric that does not take it.
    """
    for name, metric in metrics.items():
        try:
            metric.update(step)
            if world_size() > 1:  # before there is a run, and not at its first evaluation
                metric.merge([metric.state_dict()] * world_size())
        except StrideError:
            raise
        except Exception as error:
            raise _unfit(name, error) from error


def try_values(metrics: Mapping[str, Metric]) -> list[str]:
    """Let metrics give their values over these few samples, and forget them.

    So few samples may have no value, as a correlation: what counts are mistakes whatever the
    samples, and what STRIDE itself refuses.

    Returns:
        the names of the numbers; a metric that gives none yet is taken for one of its own name.
    """
    names: list[str] = []
    for name, metric in metrics.items():
        found = {name: 0.0}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values = named_numbers(name, metric.compute())
            for one, value in values.items():
                as_number(metric_name("validation", one), value)
            found = values
        except StrideError:
            raise
        except (TypeError, AttributeError, NameError) as error:
            raise _unfit(name, error) from error
        except (ValueError, ArithmeticError, RuntimeError, LookupError):
            pass  # too few samples, presumably
        finally:
            metric.reset()
        names += found
    return names


def _unfit(name: str, error: Exception) -> DataError:
    return DataError(
        f"the metric {name!r} does not fit the outputs: {first_line(error)}",
        where="training_config.metrics",
        hint="type another metric, or training_config.metrics=[]",
    )
