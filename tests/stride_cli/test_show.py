import json


def test_a_run_at_a_glance(stride, make_run) -> None:
    make_run("seed=3", "optimizer_kwargs.lr=0.1")
    code, out, err = stride("show", "W/0")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "run         W/0"
    assert lines[1] == "status      done"
    assert "overrides   seed=3" in lines
    assert "            optimizer_kwargs.lr=0.1" in lines
    assert "best        validation/epoch_accuracy = 0.9  (step 10, epoch 1)" in lines
    assert "test        test/accuracy = 0.875" in lines
    assert "parameters  12,345" in lines
    assert "commit      " + "a" * 40 in lines


def test_every_selector(stride, make_run) -> None:
    make_run(loss=0.1)
    make_run(name="big", loss=0.9)
    for selector, name in [("latest", "big"), ("best", "0"), ("big", "big"), ("0", "0")]:
        assert stride("show", f"W/{selector}").out.splitlines()[0].endswith(f"W/{name}")


def test_json_holds_results_and_provenance(stride, make_run) -> None:
    make_run("seed=3")
    found = json.loads(stride("show", "W/latest", "--json").out)
    assert found["run"] == "0"
    assert found["results"]["parameters"] == 12345
    assert found["provenance"]["devices"] == ["cpu"]


def test_a_run_that_is_not_there(stride, make_run) -> None:
    make_run(name="big-lr")
    code, out, err = stride("show", "W/big-l")
    assert (code, out) == (2, "")
    assert err == "stride: error: no run 'big-l' (W); did you mean 'big-lr'?\n"


def test_a_work_dir_is_no_run(stride, make_run) -> None:
    make_run()
    code, _, err = stride("show", "W")
    assert (code, err) == (2, "stride: error: W is a work_dir, not a run; type: W/latest\n")


def test_a_broken_run_asked_for_by_name_is_an_error(stride, make_run) -> None:
    make_run().status.write_text("{oops")
    code, out, err = stride("show", "W/0")
    assert (code, out) == (2, "")
    assert err.startswith("stride: error: W/0 cannot be read: status.json is no JSON")
