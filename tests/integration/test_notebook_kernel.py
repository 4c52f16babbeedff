"""A training in a real kernel of Jupyter: one output, which is changed in place."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

TRAIN = """
import stride
trainer = stride.Trainer(
    {place!r},
    training_config={{"max_epochs": 2}},
    model_kwargs={{"model_name": "MLP", "hidden": [8]}},
)
trainer.fit({overrides});
"""
SECONDS = 120


class Kernel:
    """A kernel, and what it says to the page."""

    def __init__(self) -> None:
        self._manager = KernelManager(kernel_name="python3", transport="ipc")
        self._manager.start_kernel()
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=SECONDS)

    def messages(self, code: str) -> Iterator[dict[str, Any]]:
        """Yield what the cell says until it is done."""
        cell, end = self._client.execute(code), time.monotonic() + SECONDS
        while time.monotonic() < end:
            message = self._client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != cell:
                continue
            if message["content"].get("execution_state") == "idle":
                return
            if message["msg_type"] not in ("status", "execute_input"):
                yield message

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    one = Kernel()
    yield one
    one.close()


def test_a_training_is_one_output_and_an_interrupted_one_says_how_to_go_on(kernel, tmp_path):
    place = str(tmp_path / "w")
    first, *later = kernel.messages(TRAIN.format(place=place, overrides=""))
    assert {one["msg_type"] for one in later} == {"update_display_data"}
    assert first["msg_type"] == "display_data"
    assert {one["content"]["transient"]["display_id"] for one in (first, *later)} == {
        first["content"]["transient"]["display_id"]
    }
    shown = later[-1]["content"]["data"]
    assert "run 0" in shown["text/html"] and "done" in shown["text/html"]
    assert "best validation/epoch_loss" in shown["text/plain"]

    said = []
    for message in kernel.messages(TRAIN.format(place=place, overrides="{'epochs': 10**6}")):
        if not any("epoch 1/" in str(one["content"]) for one in said):
            said.append(message)
            if "epoch 1/" in str(message["content"]):
                kernel.interrupt()
        else:
            said.append(message)
    error = said.pop()
    assert error["msg_type"] == "error"
    assert error["content"]["traceback"] == ["Interrupted: interrupted by SIGINT"]
    html = said[-1]["content"]["data"]["text/html"]
    assert "trainer.fit(resume=1)" in html and f"stride resume {place}/1" in html
