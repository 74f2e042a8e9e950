"""S2ST: seed-to-seed image translation with a frozen latent diffusion model.

After Greenberg, Kishon and Lischinski, arXiv 2312.00116. The paper's words and this package's:

    symbol          name here            meaning
    x               x, state             k-diffusion latent, x = z_0 + sigma * eps
    z_t             z                    variance-preserving latent, z_t = x / sqrt(1 + sigma^2)
    z_0             latent, clean        the image's latent
    z_T             seed                 the latent at the highest noise level, about N(0, 1)
    z*_0 .. z*_T    Trajectory           the source's inversion trajectory
    T, t            steps, t             t = T is the seed, t = 0 the image
    sigma           sigma                noise level in k-diffusion units
    D(x, sigma, c)  denoise(...)         the model's clean estimate, eps = (x - D) / sigma
    c_src, c_trg    source, target       prompts of the source and of the wanted picture
    null            negative             the empty prompt's embedding
    w               scale                guidance: eps = eps(null) + w (eps(c) - eps(null))
    z0_hat          lookahead(...)       a short differentiable sampling run
    x0_hat          denoised, clean      the one-step clean estimate
    H_c^B           DomainStatistics     channel c's distribution in the target domain
    eta_c           CorrelationFactor    how strongly channel c carries the domain's appearance
    lambda_s        structure_weight     weight of the structure loss
    lambda_a        appearance_weight    weight of the appearance loss
    S               lookahead            steps of the lookahead

Read `translate.py` first: the whole method on one page.
"""

from .kit.settings import Limits, Settings
from .look.correlation import CorrelationConfig, CorrelationFactor, correlation_factor
from .look.detail import DetailConfig, restore_detail
from .look.distributions import Distance
from .look.domain import DomainStatistics, StatisticsConfig, domain_statistics
from .look.references import References, references_of
from .look.structure import StructureForm, appearance_loss, structure_loss
from .model.contract import Conditioning, Counted, Denoiser, StepRecord
from .model.ddim import ddim_inverse_step, ddim_step, predicted_noise, sample, sample_steps
from .model.drain import drain
from .model.gradients import GradientError
from .model.guidance import Prompt, guided_denoised
from .model.schedule import Schedule, Spacing, make_schedule, sigmas_of_alphas
from .model.verify import verify_gradient
from .path.difference_path import DifferenceConfig, difference_path, difference_path_steps
from .seeds.inversion import InversionConfig, invert, invert_steps
from .seeds.null_text import (
    NullText,
    NullTextConfig,
    NullTextMethod,
    null_text_inversion,
    null_text_steps,
)
from .seeds.seed_translation import SeedConfig, translate_seed, translate_seed_steps
from .seeds.trajectory import Trajectory
from .seeds.trajectory_optimization import (
    Gradient,
    Reference,
    TrajectoryConfig,
    optimize_trajectory,
    optimize_trajectory_steps,
)
from .seeds.translate import Stages, Translation, translate

__all__ = [
    "Conditioning",
    "CorrelationConfig",
    "CorrelationFactor",
    "Counted",
    "Denoiser",
    "DetailConfig",
    "DifferenceConfig",
    "Distance",
    "DomainStatistics",
    "Gradient",
    "GradientError",
    "InversionConfig",
    "Limits",
    "NullText",
    "NullTextConfig",
    "NullTextMethod",
    "Prompt",
    "Reference",
    "References",
    "Schedule",
    "SeedConfig",
    "Settings",
    "Spacing",
    "Stages",
    "StatisticsConfig",
    "StepRecord",
    "StructureForm",
    "Trajectory",
    "TrajectoryConfig",
    "Translation",
    "appearance_loss",
    "correlation_factor",
    "ddim_inverse_step",
    "ddim_step",
    "difference_path",
    "difference_path_steps",
    "domain_statistics",
    "drain",
    "guided_denoised",
    "invert",
    "invert_steps",
    "make_schedule",
    "null_text_inversion",
    "null_text_steps",
    "optimize_trajectory",
    "optimize_trajectory_steps",
    "predicted_noise",
    "references_of",
    "restore_detail",
    "sample",
    "sample_steps",
    "sigmas_of_alphas",
    "structure_loss",
    "translate",
    "translate_seed",
    "translate_seed_steps",
    "verify_gradient",
]
