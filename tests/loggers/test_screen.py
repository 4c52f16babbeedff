"""A stream that people read may be narrow, closed or gone: nothing fails by it."""

import io
import os

import pytest

from stride.loggers.screen import Screen


def narrow(errors="strict"):
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors=errors, write_through=True)


def test_what_an_encoding_lacks_is_replaced():
    stream = narrow()
    screen = Screen(stream)
    assert screen.write("größe …\n") == 8
    assert screen.write("\udcff is no text\n") == 13
    assert stream.buffer.getvalue() == b"gr??e ?\n? is no text\n"
    assert screen.lost is None
    assert screen.encoding == "ascii"


class Failing(io.StringIO):
    def __init__(self, *errors):
        super().__init__()
        self.errors_left = list(errors)

    def write(self, text):
        if self.errors_left:
            raise self.errors_left.pop(0)
        return super().write(text)


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), ValueError("closed")])
def test_a_stream_that_fails_is_given_nothing_more(error):
    stream = Failing(error)
    screen = Screen(stream)
    print("one", file=screen, flush=True)
    print("two", file=screen, flush=True)
    assert stream.getvalue() == ""
    assert screen.lost is error
    assert not screen.isatty()


def test_a_stream_that_is_full_for_a_moment_is_not_given_up():
    stream = Failing(BlockingIOError())
    screen = Screen(stream)
    screen.write("lost")
    screen.write("kept")
    assert stream.getvalue() == "kept"


def test_bytes_are_refused_by_which_click_knows_a_stream_of_text():
    screen = Screen(stream := io.StringIO())
    with pytest.raises(TypeError, match="must be str, not bytes"):
        screen.write(b"")
    screen.write("text")
    assert screen.lost is None and stream.getvalue() == "text"


def test_no_stream_and_one_of_few_words_are_streams_too():
    class Words:
        def write(self, text):
            self.text = text

    words = Words()
    screen = Screen(words)
    screen.write("text")
    screen.flush()
    assert words.text == "text"
    for one in (screen, Screen(None)):
        assert not one.isatty()
        assert one.encoding == "utf-8"
        assert one.write("more") == 4
        with pytest.raises(OSError):
            one.fileno()


def test_a_file_of_the_user_s_keeps_its_descriptor():
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as file:
        screen = Screen(file)
        screen.write("text")
        screen.flush()
        assert isinstance(screen.lost, BrokenPipeError)
        with pytest.raises(BrokenPipeError):
            os.write(writing, b"x")
        with pytest.raises(BrokenPipeError):
            file.close()
