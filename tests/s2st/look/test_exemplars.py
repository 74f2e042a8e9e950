from dataclasses import replace

import pytest
from torch.testing import assert_close

from s2st import Matcher
from s2st.look.exemplars import MatchConfig, exemplars_of

SHARP = MatchConfig(temperature=1e-3)


def test_a_picture_is_its_own_warp(seeing, source, own_exemplars, loud):
    warp = Matcher(seeing, own_exemplars, source).warp(loud, SHARP)
    assert_close(warp.latent, loud)
    assert bool((warp.confidence == 1).all())


def test_exemplars_of_another_vae_are_refused(seeing, source, own_exemplars, loud):
    with pytest.raises(ValueError, match="exemplar has 4 channels, but the source latent has 3"):
        Matcher(seeing, own_exemplars, source).warp(loud[:, :3], SHARP)


def test_exemplars_may_be_of_another_size(seeing, source, loud, normal):
    some = exemplars_of(seeing, 60 * normal(3, 4, 6, 12, seed=5), source)
    assert some.count == 3
    assert Matcher(seeing, some, source).warp(loud, SHARP).latent.shape == loud.shape


def test_a_task_refuses_exemplars_of_another_vae(led, exemplars):
    three = replace(exemplars, latents=exemplars.latents[:, :3])
    with pytest.raises(ValueError, match="exemplar has 3 channels, but the source latent has 4"):
        replace(led, exemplars=three)
