"""The section of a reconstruction: its history, its errors, and what is kept of it."""

from typing import Annotated, Literal

from pydantic import Field

from stride.config.sections.section import Positive, Section, Text


class ReconstructionConfig(Section):
    """Options of a reconstruction: history, errors, milestones and examples."""

    history: Literal["swap", "restore_best", "off"] = Field(
        "swap",
        description="swap: after an epoch whose validation loss is above the lowest so far, go on "
        "from the weights of that one; restore_best: take them at the end; off: keep the last",
    )
    optimizer_state: Literal["keep", "reset", "restore"] = Field(
        "keep",
        description="what becomes of the optimiser's moments at a swap: kept, emptied, or those "
        "of the best epoch",
    )
    errors: Annotated[list[Text], Field(min_length=1)] = Field(
        ["l1", "l2", "max"],
        description="errors of a sample, the first of which is its score: l1, l2, max, or import "
        "paths of functions (outputs, inputs) -> (N,)",
    )
    milestone_every: Positive | None = Field(
        10, description="epochs between milestones; null: the untrained and the final model alone"
    )
    examples: Positive = Field(
        3, description="how many worst, best and average samples of each split are kept"
    )
    point_score: Literal["point", "window", "center"] = Field(
        "point",
        description="what a point of overlapping windows scores: the mean of its own errors; "
        "window: of those of the windows that cover it; center: that of the window with the "
        "nearest center",
    )
