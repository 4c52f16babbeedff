"""A query is split into words, texts and signs, and a mistake has a place."""

import pytest

from stride.runs.where.tokens import QueryError, tokens


def test_words_texts_and_signs_have_their_places():
    found = [tuple(token) for token in tokens("""lr<=1e-2 and note ~ "a \\"b\\" 'c'" """)]
    assert found == [
        ("word", "lr", 0),
        ("sign", "<=", 2),
        ("word", "1e-2", 4),
        ("word", "and", 9),
        ("word", "note", 13),
        ("sign", "~", 18),
        ("text", """a "b" 'c'""", 20),
        ("end", "", 34),
    ]


def test_a_colon_between_digits_is_part_of_a_time():
    assert [token.text for token in tokens("created>2026-11-29T12:30 tag:a")] == [
        *("created", ">", "2026-11-29T12:30", "tag", ":", "a", "")
    ]


@pytest.mark.parametrize(
    ("query", "what", "place"),
    [
        ("note == 'never", "a quote is not closed", 9),
        ("a == 1 && b", "'&' means nothing here", 8),
        ("lr | seed", "'|' means nothing here", 4),
    ],
)
def test_a_character_without_a_meaning_is_refused_with_its_place(query, what, place):
    with pytest.raises(QueryError, match=f"character {place}") as refused:
        tokens(query)
    assert refused.value.what == what and repr(query) in refused.value.where
