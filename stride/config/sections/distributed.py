"""The section of several processes that train together."""

from typing import Literal

from pydantic import Field

from stride.config.sections.section import Positive, Section


class DistributedConfig(Section):
    """How several processes train together."""

    backend: Literal["auto", "gloo", "nccl"] = Field(
        "auto", description="what gradients travel by; auto: nccl on CUDA, else gloo"
    )
    timeout_seconds: float = Field(
        600.0, gt=0, description="how long a process waits for the others before it gives up"
    )
    strategy: Literal["auto", "flat", "ddp", "fsdp"] = Field(
        "auto",
        description="one flat sum of gradients, torch's DDP, or a model divided among the "
        "processes (FSDP), which the training waits for when a checkpoint is written; "
        "auto: flat or ddp, by the model's size",
    )
    agree_every: Positive = Field(
        50,
        description="steps between two that ask all processes whether to stop; fewer if slow",
    )
    find_unused_parameters: bool = Field(False, description="as DDP has it")
    static_graph: bool = Field(False, description="as DDP has it")
    gradient_as_bucket_view: bool = Field(False, description="as DDP has it")
    sync_batchnorm: bool = Field(
        False,
        description="batch normalisation by the statistics of all processes' samples, on CUDA",
    )
