"""Check characters: published values, and the mistakes that they find."""

import pytest
from engine.customers.customer_codes import (
    ALPHABET,
    check_character,
    composed,
    fitted,
    is_checked,
    letters,
    numbered,
)
from hypothesis import given
from hypothesis import strategies as st

codes = st.text(ALPHABET, min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("code", "check"),
    [
        ("A12425GABC1234002", "M"),  # GRid, the identifier of music releases
        ("A1-2425G-ABC1234002", "M"),
    ],
)
def test_published(code, check):
    assert check_character(code) == check


@given(codes)
def test_what_is_made_is_accepted(code):
    assert is_checked(code + check_character(code))


@given(codes, st.data())
def test_every_wrong_character_is_found(code, data):
    whole = code + check_character(code)
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.sampled_from(ALPHABET.replace(whole[place], "")))
    assert not is_checked(whole[:place] + other + whole[place + 1 :])


@given(st.text(max_size=30), st.integers(1, 20))
def test_fitted_has_its_length(text, length):
    part = fitted(text, length, "X")
    assert len(part) == length
    assert letters(part) == part


def test_parts():
    assert letters("制造业") == ""
    assert fitted(None, 2, "X") == "XX"
    assert numbered(7, 3) == "007"
    assert composed(["A", "1"], "", False) == "A1"
    assert composed(["A12425GABC1234002"], "-", True) == "A12425GABC1234002-M"
