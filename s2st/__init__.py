"""S2ST: image-to-image translation with a frozen latent diffusion model.

Two methods, which share what they ask of a picture (`Task`: a source, a target, a look):

    translate         S2ST, the method of the paper: seed, seed translation, trajectory
    difference_path   the default: cheaper and closer to the truth, past the paper

Another three begin with coarse strokes in place of a picture (Singh et al., arXiv 2211.17084):

    gradop_plus       the strokes are asked for within one sampling run
    gradop            of a finished sample, which is then denoised again
    paint_in_rounds   the strokes are led to real pictures and asked for in turn: ours, the default

One takes a picture as its example (after Seo et al., arXiv 2209.11047):

    interleaved       places are matched by the model's own features, again while the picture forms
    SceneNetwork      label maps into scenes by networks of its own, which are trained for it

One needs no diffusion model, but training (arXiv 2402.12531, on StarGAN v2):

    Translator        pictures of one domain into another, where one side has one answer

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
    H_c^B           Look                 channel c's distribution in the target domain
                    KeptLook             the same in a file, with what belongs to it; ours
                    RegionalLook         the same in each region of the picture; ours
    eta_c           CorrelationFactor    how strongly channel c carries the domain's appearance
    lambda_s        structure_weight     weight of the structure loss
    lambda_a        appearance_weight    weight of the appearance loss
    S               lookahead            steps of the lookahead

Rooms: `model` is what a diffusion model is here, `look` what a picture is asked for, `seeds` the
paper (read `seeds/translate.py` first: the whole method on one page), `path` the default, `strokes`
pictures from strokes, `exemplar` pictures after an example, `many_to_one` trained translators.
"""

from .exemplar.interleaved import InterleavedConfig, interleaved
from .exemplar.sampling import SceneConfig
from .exemplar.scene_network import SceneNetwork
from .kit.settings import Limits, Settings
from .look.correlation import CorrelationConfig, CorrelationFactor, correlation_factor
from .look.detail import DetailConfig, restore_detail
from .look.distributions import Distance
from .look.drawn import Drawn, DrawnConfig
from .look.exemplars import Exemplars, MatchConfig, Matcher, exemplars_of
from .look.found import FindConfig, carried_over, found_regions
from .look.kept import KeptLook, LookConfig, kept_look
from .look.look import Look, look_of
from .look.regions import RegionalLook, Regions, regional_look, regions_of_masks
from .look.structure import StructureForm, structure_loss
from .look.task import Task
from .many_to_one.translator import Translator
from .model.autoencoder import Autoencoder, Tiled
from .model.contract import Conditioning, Counted, Denoiser, JointDenoiser, Query, StepRecord, ask
from .model.ddim import ddim_inverse_step, ddim_step, predicted_noise, sample
from .model.features import FeatureDenoiser, read_features
from .model.gradients import GradientError
from .model.guidance import Prompt, guided_denoised
from .model.schedule import Schedule, Spacing, make_schedule, sigmas_of_alphas
from .model.verify import verify_decoder, verify_gradient
from .path.difference_path import DifferenceConfig, difference_path
from .path.settings import PathSettings
from .seeds.inversion import InversionConfig, invert
from .seeds.null_text import NullText, NullTextConfig, NullTextMethod, null_text_inversion
from .seeds.seed_translation import SeedConfig, translate_seed
from .seeds.trajectory import Trajectory
from .seeds.trajectory_optimization import (
    Gradient,
    Reference,
    TrajectoryConfig,
    optimize_trajectory,
)
from .seeds.translate import Stages, Translation, translate
from .strokes.gradop import GradopConfig, gradop
from .strokes.gradop_plus import GradopPlusConfig, gradop_plus
from .strokes.painting import Painting, strokes_of
from .strokes.rounds import RoundsConfig, paint_in_rounds
from .strokes.strokes import Strokes
from .strokes.token_regions import Region, RegionConfig

__all__ = [
    "Autoencoder",
    "Conditioning",
    "CorrelationConfig",
    "CorrelationFactor",
    "Counted",
    "Denoiser",
    "DetailConfig",
    "DifferenceConfig",
    "Distance",
    "Drawn",
    "DrawnConfig",
    "Exemplars",
    "FeatureDenoiser",
    "FindConfig",
    "Gradient",
    "GradientError",
    "GradopConfig",
    "GradopPlusConfig",
    "InterleavedConfig",
    "InversionConfig",
    "JointDenoiser",
    "KeptLook",
    "Limits",
    "Look",
    "MatchConfig",
    "Matcher",
    "LookConfig",
    "NullText",
    "NullTextConfig",
    "NullTextMethod",
    "PathSettings",
    "Painting",
    "Prompt",
    "Query",
    "Reference",
    "RegionalLook",
    "Regions",
    "Region",
    "RegionConfig",
    "RoundsConfig",
    "SceneConfig",
    "SceneNetwork",
    "Schedule",
    "SeedConfig",
    "Settings",
    "Spacing",
    "Stages",
    "StepRecord",
    "Strokes",
    "StructureForm",
    "Task",
    "Tiled",
    "Trajectory",
    "TrajectoryConfig",
    "Translation",
    "Translator",
    "ask",
    "carried_over",
    "correlation_factor",
    "ddim_inverse_step",
    "ddim_step",
    "difference_path",
    "exemplars_of",
    "found_regions",
    "gradop",
    "gradop_plus",
    "guided_denoised",
    "interleaved",
    "invert",
    "kept_look",
    "look_of",
    "make_schedule",
    "null_text_inversion",
    "optimize_trajectory",
    "paint_in_rounds",
    "predicted_noise",
    "read_features",
    "regional_look",
    "regions_of_masks",
    "restore_detail",
    "sample",
    "sigmas_of_alphas",
    "strokes_of",
    "structure_loss",
    "translate",
    "translate_seed",
    "verify_decoder",
    "verify_gradient",
]
