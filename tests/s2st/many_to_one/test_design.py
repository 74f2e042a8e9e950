import pytest

from s2st.many_to_one.design import Design


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ({"size": 48}, "size is 48, .*next one is 64"),
        ({"size": 8}, "within 16 to 512"),
        ({"inside": 24}, "inside is 24, .*next one is 32"),
    ],
)
def test_a_size_that_cannot_be_halved_is_refused(size, words):
    with pytest.raises(ValueError, match=words):
        Design(**size)


def test_widths_double_with_each_halving_to_their_limit():
    design = Design(size=128, width=64, most_width=256)
    assert (design.halvings, design.stride) == (3, 8)
    wider = Design(size=128, inside=64)
    assert (wider.halvings, wider.stride) == (1, 2)
    assert design.widths(3) == [64, 128, 256, 256]
    assert design.seen_widths == [64, 128, 256, 256, 256, 256]  # down to 4 pixels a side
