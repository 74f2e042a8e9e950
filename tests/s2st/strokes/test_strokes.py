from dataclasses import replace

import pytest
import torch

from s2st.strokes.strokes import Strokes, check_strokes


def test_strokes_that_fit_pass(strokes, stroke_task, autoencoder):
    check_strokes(strokes, stroke_task, autoencoder)


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 4, 16, 16)])
def test_other_layouts_are_refused(shape):
    with pytest.raises(ValueError, match=r"needs \[batch, 3, height, width\]"):
        Strokes(torch.zeros(shape))


def test_pictures_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="1 values that are NaN"):
        picture = torch.zeros(1, 3, 4, 4)
        picture[0, 0, 0, 0] = torch.nan
        Strokes(picture)


def test_a_mask_of_another_size_is_refused(strokes):
    with pytest.raises(ValueError, match=r"mask has shape \(1, 1, 8, 8\)"):
        Strokes(strokes.picture, torch.ones(1, 1, 8, 8))


def test_a_picture_without_any_stroke_is_refused(strokes):
    painted = torch.ones(2, 1, 16, 16)
    painted[1] = 0
    with pytest.raises(ValueError, match="black for one picture .* leave the mask out"):
        Strokes(strokes.picture, painted)


def test_another_number_of_pictures_is_refused(strokes, stroke_task, autoencoder):
    with pytest.raises(ValueError, match="encode this very picture"):
        check_strokes(Strokes(strokes.picture[:1]), stroke_task, autoencoder)


def test_a_mask_of_what_may_change_is_refused(strokes, stroke_task, autoencoder, half_mask):
    with pytest.raises(ValueError, match="Strokes.painted"):
        check_strokes(strokes, replace(stroke_task, mask=half_mask), autoencoder)
