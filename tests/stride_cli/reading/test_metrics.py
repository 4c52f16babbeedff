import json

import pytest


@pytest.fixture
def curve(make_run):
    """Return a run of 50 epochs of 10 steps."""
    paths = make_run()
    status = json.loads(paths.status.read_text())
    monitor = {"metric": "validation/epoch_loss", "mode": "min"}
    status |= {"monitor": monitor, "metrics": {"test": {}}}
    paths.status.write_text(json.dumps(status))
    rows = []
    for epoch in range(1, 51):
        at = {"step": 10 * epoch, "time": 1.0}
        rows.append({**at, "epoch": epoch - 1, "train/loss": float(epoch)})
        loss = 0.0625 if epoch == 33 else 1 / epoch
        rows.append({**at, "epoch": epoch, "train/epoch_loss": 2.0, "validation/epoch_loss": loss})
    paths.metrics.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return paths


def test_the_monitored_metric_at_twenty_epochs(stride, curve) -> None:
    code, out, err = stride("metrics", "W/0")
    assert (code, err) == (0, "20 of 50 rows; --points 50 shows all\n")
    title, first, *rest = (line.split() for line in out.splitlines())
    assert title == ["epoch", "step", "validation/epoch_loss"]
    assert first == ["1", "10", "1"] and rest[-1] == ["50", "500", "0.02"] and len(rest) == 19
    assert len(out) < 2000


def test_json_and_csv_have_the_same_points_in_about_two_kilobytes(stride, curve) -> None:
    out = stride("metrics", "W/0", "-m", "val_loss", "--json").out
    found = json.loads(out)
    assert found["metrics"] == ["validation/epoch_loss"] and found["rows"] == 50
    assert found["points"][-1] == {"epoch": 50, "step": 500, "validation/epoch_loss": 0.02}
    assert len(out) < 2500
    lines = stride("metrics", "W/0", "-m", "val_loss", "--csv").out.splitlines()
    assert lines[0] == "epoch,step,validation/epoch_loss" and lines[-1] == "50,500,0.02"
    assert len(lines) == 21 and len(found["points"]) == 20


def test_rows_of_steps(stride, curve) -> None:
    asked = ("metrics", "W/0", "-m", "train/loss", "-m", "val_loss", "--points", "200")
    assert len(stride(*asked, "--csv").out.splitlines()) == 51
    lines = stride(*asked, "--steps", "--csv").out.splitlines()
    assert lines[1:3] == ["0,10,1.0,", "1,10,,1.0"] and len(lines) == 101
    alone = stride("metrics", "W/0", "-m", "train/loss", "--points", "2", "--csv").out
    assert alone.splitlines()[1:] == ["0,10,1.0", "49,500,50.0"]  # no epoch's end has it


def test_a_metric_that_is_not_there_or_may_be_several(stride, curve) -> None:
    _, out, err = stride("metrics", "W/0", "-m", "speed")
    assert out == "" and "no run here has 'speed'" in err
    assert "there are train/epoch_loss, train/loss, validation/epoch_loss" in err
    assert "'loss' may mean" in stride("metrics", "W/0", "-m", "loss").err
    curve.metrics.write_text("")
    code, _, err = stride("metrics", "W/0")
    assert (code, err) == (2, "stride: error: no metric is recorded here yet (W/0)\n")


def test_a_few_of_many_metrics_where_none_is_monitored(stride, make_run) -> None:
    paths = make_run(loss=None)
    row = {"step": 1, "epoch": 1, "time": 1.0} | {f"mine/metric{n:03}": 0.5 for n in range(300)}
    paths.metrics.write_text(json.dumps(row) + "\n")
    code, out, err = stride("metrics", "W/0")
    assert (code, err) == (0, "5 of 300 metrics; -m NAME shows another\n")
    assert out.split()[:4] == ["epoch", "step", "mine/metric000", "mine/metric001"]
    found = json.loads(stride("metrics", "W/0", "--json").out)
    assert (len(found["metrics"]), found["left_out"]) == (5, 295)
