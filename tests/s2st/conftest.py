"""A Stable Diffusion noise schedule, closed-form models and latents for the library's tests."""

import pytest
import torch
from ideal import GaussianDenoiser, MixtureDenoiser, SeeingDenoiser

from s2st import (
    Conditioning,
    Matcher,
    Prompt,
    Regions,
    Task,
    exemplars_of,
    look_of,
    regional_look,
    sigmas_of_alphas,
)

CHANNELS = 4


def _normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def _prompt_of(*shift: float) -> Conditioning:
    """Three tokens that move the Gaussian model's channel means by `shift`."""
    values = torch.tensor(shift if len(shift) == CHANNELS else shift * CHANNELS)
    return Conditioning(values.expand(1, 3, CHANNELS).clone())


@pytest.fixture(scope="session")
def normal():
    """normal(*shape, seed=0, dtype=float32): reproducible Gaussian numbers."""
    return _normal


@pytest.fixture(scope="session")
def prompt_of():
    """prompt_of(*shift): conditioning that moves the Gaussian model's channel means."""
    return _prompt_of


@pytest.fixture(scope="session")
def alphas_cumprod() -> torch.Tensor:
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0)


@pytest.fixture(scope="session")
def sigma_table(alphas_cumprod: torch.Tensor) -> torch.Tensor:
    return sigmas_of_alphas(alphas_cumprod)


@pytest.fixture
def model() -> GaussianDenoiser:
    return GaussianDenoiser(mean=0.3, spread=1.2)


@pytest.fixture
def curved_model() -> MixtureDenoiser:
    """A model whose gradient depends on the state."""
    return MixtureDenoiser(_normal(CHANNELS, CHANNELS, 8, 8, seed=1), spread=0.8)


@pytest.fixture
def latent() -> torch.Tensor:
    return _normal(2, CHANNELS, 8, 8)


@pytest.fixture
def source() -> Conditioning:
    return _prompt_of(0.0)


@pytest.fixture
def target() -> Conditioning:
    return _prompt_of(1.0, -1.0, 0.5, 0.0)


@pytest.fixture
def domain_latents() -> torch.Tensor:
    return 0.5 * _normal(3, CHANNELS, 8, 8, seed=2) + 1.0


@pytest.fixture
def task(latent, source, target) -> Task:
    """The fixtures' source to their target, unguided and without a look."""
    return Task(latent=latent, source=source, target=Prompt(target))


@pytest.fixture
def look(domain_latents):
    return look_of(domain_latents)


@pytest.fixture
def half_mask() -> torch.Tensor:
    """The left half may change."""
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    return mask


@pytest.fixture
def regional():
    """Of a domain whose pictures are 1 in their left half and -1 in their right one."""
    labels = torch.zeros(1, 8, 8, dtype=torch.long)
    labels[..., 4:] = 1
    domain = 0.1 * _normal(3, CHANNELS, 8, 8, seed=4) + 1 - 2 * labels[:, None]
    return regional_look(Regions(labels, labels.expand(3, -1, -1)[None]), domain)


@pytest.fixture
def seeing() -> SeeingDenoiser:
    """A model that shows as features what it is given."""
    return SeeingDenoiser(mean=0.0, spread=60.0)


@pytest.fixture
def loud() -> torch.Tensor:
    """Latents beside which the noise of features is nothing."""
    return 60 * _normal(2, CHANNELS, 8, 8)


@pytest.fixture
def exemplars(seeing, loud, source):
    """The second picture moved about, and in other colours."""
    return exemplars_of(seeing, -0.5 * loud[1:].roll(3, dims=3), source)


@pytest.fixture
def own_exemplars(seeing, loud, source):
    return exemplars_of(seeing, loud, source)


@pytest.fixture
def matcher(seeing, exemplars, source):
    return Matcher(seeing, exemplars, source)


@pytest.fixture
def led(loud, source, target, exemplars) -> Task:
    """A task with exemplars to be led by."""
    return Task(latent=loud, source=source, target=Prompt(target), exemplars=exemplars)
