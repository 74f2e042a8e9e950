import pytest

from s2st.exemplar.design import Design


def test_a_picture_s_sides_are_multiples_of_what_the_prior_can_halve():
    assert (Design().halvings, Design().step) == (2, 16)
    assert (Design(stride=8, size=128).halvings, Design(stride=8, size=128).step) == (3, 32)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"size": 100}, "size is 100, but must be a multiple of 16: take 112"),
        ({"stride": 6}, "stride is 6, but must be a power of two: the next one is 8"),
        ({"width": 1}, "must lie within 4 to 1024"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        Design(**given)
