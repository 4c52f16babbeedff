"""Numbers in ranges: steps, ends and their texts."""

from stride.config.sweep.ranges import edge, is_on_steps, last_step, number_text, range_text


def test_the_last_step_is_the_end_in_spite_of_rounding() -> None:
    assert last_step(0, 0.3, 0.1) == 0.3  # 0.3 / 0.1 is below 3
    assert last_step(0, 1, 0.3) == last_step(0, 0.9, 0.3) == 0.9  # 3 * 0.3 is below 0.9
    assert last_step(8, 60, 8) == 56
    assert is_on_steps(0.1 + 0.2, 0, 0.1)
    assert not is_on_steps(0.31, 0, 0.1)


def test_an_edge_is_near_by_logarithms_where_the_range_is() -> None:
    assert edge(2, 1, 1000, log=True, share=0.05) is None
    assert edge(1.4, 1, 1000, log=True, share=0.05) == "low"
    assert edge(2, 1, 1000, log=False, share=0.05) == "low"
    assert edge(1, 1, 1, log=False, share=0.05) is None


def test_a_range_has_one_text() -> None:
    assert range_text("int", 8, 64, log=False, step=8) == "int(8,64,step=8)"
    assert range_text("float", 1e-5, 1.0, log=True, step=None) == "float(1e-05,1,log)"
    assert (number_text(1.0), number_text(0.1)) == ("1", "0.1")
