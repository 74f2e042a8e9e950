"""The adapter against diffusers' own pipelines, at a tiny size with random weights."""

import json
from contextlib import contextmanager

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    CMStochasticIterativeScheduler,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from offloaded import offload
from torch.testing import assert_close
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from s2st import (
    Conditioning,
    Gradient,
    InversionConfig,
    NullTextConfig,
    Prompt,
    Query,
    SeedConfig,
    Spacing,
    Stages,
    Task,
    TrajectoryConfig,
    ask,
    look_of,
    make_schedule,
    read_features,
    sample,
    translate,
    verify_decoder,
    verify_gradient,
)
from s2st.adapters.diffusers import (
    DiffusersDenoiser,
    Parameterization,
    PipelineParts,
    attention_bias,
)
from s2st.model.parameterization import from_flow, to_variance_preserving

WIDTH, STEPS = 32, 5
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    words = [*LETTERS, *(f"{one}</w>" for one in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(str(folder), model_max_length=77)


def text_config():
    return CLIPTextConfig(
        vocab_size=54,
        hidden_size=WIDTH,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        projection_dim=WIDTH,
        bos_token_id=52,
        eos_token_id=53,
    )


def unet(**options):
    torch.manual_seed(0)
    return UNet2DConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=1,
        sample_size=16,
        in_channels=options.pop("in_channels", 4),
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=8,
        norm_num_groups=8,
        **options,
    ).eval()


def vae():
    torch.manual_seed(0)
    return AutoencoderKL(
        block_out_channels=[16, 32],
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
        norm_num_groups=8,
    ).eval()


def scheduler(prediction):
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        steps_offset=1,
        clip_sample=False,
        set_alpha_to_one=True,
        prediction_type=prediction,
    )


def stable_diffusion_of(tokenizer, its_scheduler):
    torch.manual_seed(0)
    pipeline = StableDiffusionPipeline(
        vae=vae(),
        text_encoder=CLIPTextModel(text_config()).eval(),
        tokenizer=tokenizer,
        unet=unet(cross_attention_dim=WIDTH),
        scheduler=its_scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="module", params=["epsilon", "v_prediction"])
def stable_diffusion(request, tokenizer):
    return stable_diffusion_of(tokenizer, scheduler(request.param))


@pytest.fixture
def own_pipeline(tokenizer):
    """One that a test may spoil."""
    return stable_diffusion_of(tokenizer, scheduler("epsilon"))


@pytest.fixture(scope="module")
def stable_diffusion_xl(tokenizer):
    torch.manual_seed(0)
    xl_unet = unet(
        cross_attention_dim=2 * WIDTH,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + WIDTH,
    )
    pipeline = StableDiffusionXLPipeline(
        vae=vae(),
        text_encoder=CLIPTextModel(text_config()).eval(),
        text_encoder_2=CLIPTextModelWithProjection(text_config()).eval(),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=xl_unet,
        scheduler=scheduler("epsilon"),
        add_watermarker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def assert_samples_alike(pipeline, normal, guidance):
    """Our sampling through the adapter against the pipeline's own call."""
    parts, seed = PipelineParts.of(pipeline), normal(2, 4, 16, 16)
    expected = pipeline(
        prompt=["a street at night"] * 2,
        negative_prompt=[""] * 2,
        height=32,
        width=32,
        num_inference_steps=STEPS,
        guidance_scale=guidance,
        latents=seed.clone(),
        output_type="latent",
    ).images
    positive = parts.encode_prompt("a street at night", 32, 32)
    prompt = Prompt(positive, parts.encode_prompt("", 32, 32), guidance)
    ours = sample(
        parts.denoiser, seed, prompt, make_schedule(parts.sigma_table, STEPS, Spacing.LEADING)
    )
    assert_close(ours, expected, rtol=1e-4, atol=1e-3)
    assert float((ours - seed).abs().mean()) > 0.05


def test_sampling_equals_the_pipeline(stable_diffusion, normal):
    assert_samples_alike(stable_diffusion, normal, 3.0)


def test_sampling_equals_the_xl_pipeline(stable_diffusion_xl, normal):
    assert_samples_alike(stable_diffusion_xl, normal, 3.0)


def test_the_denoised_estimate_is_diffusers(stable_diffusion, normal):
    parts = PipelineParts.of(stable_diffusion)
    conditioning = parts.encode_prompt("day")
    for timestep in (1, 401, 981):
        z, sigma = normal(2, 4, 16, 16), float(parts.sigma_table[timestep])
        with torch.no_grad():
            embedding = conditioning.embedding.expand(2, -1, -1)
            output = stable_diffusion.unet(z, timestep, embedding).sample
            ours = parts.denoiser.denoise(z * (1 + sigma**2) ** 0.5, sigma, conditioning)
        stable_diffusion.scheduler.set_timesteps(50)
        expected = stable_diffusion.scheduler.step(output, timestep, z).pred_original_sample
        assert_close(ours, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["own_pipeline", "stable_diffusion_xl"])
def test_features_are_what_leaves_the_last_block_that_enlarges(name, request, normal):
    """Of a network of two levels; the noise level and the prompt are read as in denoising."""
    parts = PipelineParts.of(request.getfixturevalue(name))
    latents, seen = normal(2, 4, 16, 16), []
    prompt = parts.encode_prompt("day")
    block = parts.pipeline.unet.up_blocks[0]
    handle = block.register_forward_hook(lambda _, __, output: seen.append(output))
    with torch.no_grad():
        parts.denoiser.denoise(latents, 1.5, prompt)
        handle.remove()
        found = parts.denoiser.features(latents, 1.5, prompt, lambda one: one)
    assert found.shape == (2, 64, 16, 16)
    assert_close(found, seen[0], rtol=0, atol=0)
    assert not block._forward_hooks
    assert read_features(parts.denoiser, latents, prompt).dtype is torch.float32


def test_features_of_a_deeper_network_are_read_after_the_second_enlargement(normal):
    torch.manual_seed(0)
    network = UNet2DConditionModel(
        block_out_channels=(8, 16, 24, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D",) * 4,
        up_block_types=("UpBlock2D",) * 4,
        cross_attention_dim=8,
        attention_head_dim=8,
        norm_num_groups=8,
    )
    denoiser = DiffusersDenoiser(network, Parameterization.of(scheduler("epsilon")))
    with torch.no_grad():
        prompt = Conditioning(torch.zeros(1, 3, 8))
        found = denoiser.features(normal(1, 4, 32, 32), 1.5, prompt, lambda one: one)
    assert found.shape == (1, 24, 16, 16)


def test_gradients_pass_through_the_network(stable_diffusion, normal):
    parts = PipelineParts.of(stable_diffusion)
    verify_gradient(
        parts.denoiser,
        normal(1, 4, 16, 16),
        2.0,
        parts.encode_prompt("day"),
        torch.Generator().manual_seed(0),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_whole_method_runs_on_a_network(stable_diffusion, normal, dtype):
    parts = PipelineParts.of(stable_diffusion)
    parts.pipeline.unet.to(dtype)
    prompts = [parts.encode_prompt(text) for text in ("day", "night", "")]
    stages = Stages(
        inversion=InversionConfig(steps=3),
        null_text=NullTextConfig(inner_steps=1),
        seed=SeedConfig(iterations=1, lookahead=2),
        trajectory=TrajectoryConfig(iterations=1, gradient=Gradient.EXACT),
    )
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    latent = parts.encode_image(image)
    task = Task(
        latent=latent,
        source=prompts[0],
        target=Prompt(prompts[1], prompts[2], 3.0),
        look=look_of(normal(2, 4, 16, 16)),
    )
    result = translate(parts.denoiser, parts.sigma_table, task, stages)
    parts.pipeline.unet.to(torch.float32)
    assert result.latent.dtype is torch.float32
    assert result.null_text.gradients == 3
    assert parts.decode_latent(result.latent).shape == image.shape


@contextmanager
def calls_of(*modules):
    """How often each module runs inside the block."""
    counts = [0] * len(modules)

    def count(index):
        counts[index] += 1

    hooks = [
        module.register_forward_pre_hook(lambda *_, index=index: count(index))
        for index, module in enumerate(modules)
    ]
    try:
        yield counts
    finally:
        for hook in hooks:
            hook.remove()


def assert_answered_in(calls, parts, queries):
    """As many calls of the UNet, and what single questions answer."""
    with torch.no_grad(), calls_of(parts.pipeline.unet) as counts:
        answers = ask(parts.denoiser, queries, 2.0)
    assert counts == [calls]
    assert len(answers) == len(queries)
    for query, answer in zip(queries, answers, strict=True):
        with torch.no_grad():
            single = parts.denoiser.denoise(query.x, 2.0, query.conditioning)
        assert_close(answer, single, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["own_pipeline", "stable_diffusion_xl"])
def test_source_target_and_negative_are_asked_in_one_call(name, request, normal):
    parts = PipelineParts.of(request.getfixturevalue(name))
    source, target, empty = (parts.encode_prompt(text, 32, 32) for text in ("day", "night", ""))
    own, edit = normal(2, 4, 16, 16), normal(2, 4, 16, 16, seed=1)
    queries = [Query(own, source), Query(edit, target), Query(edit, empty, negative=True)]
    assert_answered_in(1, parts, queries)
    assert_answered_in(1, parts, queries[:1])


def test_prompts_of_unequal_length_are_asked_one_by_one(stable_diffusion, normal):
    parts = PipelineParts.of(stable_diffusion)
    short = parts.encode_prompt("day")
    long = short.with_embedding(short.embedding.repeat(1, 2, 1))
    x = normal(1, 4, 16, 16)
    assert_answered_in(2, parts, [Query(x, short), Query(x, long)])


def kept_and_runs(pipeline, x, **options):
    """Numbers kept for one backward pass, and how often each convolution and projection runs."""
    parts = PipelineParts.of(pipeline, **options)
    unet, conditioning = pipeline.unet, parts.encode_prompt("day")
    leaves = [one for one in unet.modules() if isinstance(one, torch.nn.Conv2d | torch.nn.Linear)]
    weights = {one.untyped_storage().data_ptr() for one in unet.parameters()}
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.numel()
        return tensor

    with calls_of(*leaves) as counts:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = unet(x.requires_grad_(), 500, conditioning.embedding).sample.square().sum()
        loss.backward()
    return sum(size for place, size in kept.items() if place not in weights), counts


def test_a_backward_pass_costs_one_more_forward_and_keeps_less(own_pipeline, normal):
    x = normal(1, 4, 16, 16)
    all_kept, once = kept_and_runs(own_pipeline, x, recompute=False)
    kept, runs = kept_and_runs(own_pipeline, x)
    assert set(once) == {1}
    assert set(runs) == {1, 2}
    assert kept < all_kept / 2


def test_the_weights_are_frozen(own_pipeline):
    PipelineParts.of(own_pipeline)
    networks = (own_pipeline.unet, own_pipeline.vae, own_pipeline.text_encoder)
    assert not any(one.requires_grad for network in networks for one in network.parameters())


def test_an_offloaded_pipeline_works_where_its_networks_run(own_pipeline, normal):
    parts, x = PipelineParts.of(own_pipeline), normal(1, 4, 16, 16)
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))

    def results():
        prompt = parts.encode_prompt("day")
        with torch.no_grad():
            denoised = parts.denoiser.denoise(x, 2.0, prompt)
        return denoised, parts.decode_latent(parts.encode_image(image))

    expected = results()
    offload(own_pipeline, torch.device("cpu"))
    assert own_pipeline.unet.device.type == own_pipeline.vae.device.type == "meta"
    assert_close(results(), expected)


@pytest.fixture
def overflowing(own_pipeline):
    """A pipeline with a VAE whose first layers leave the range of float16."""
    vae = own_pipeline.vae
    with torch.no_grad():
        for layer in (vae.encoder.conv_in, vae.decoder.conv_in):
            layer.weight.mul_(2e5)
    vae.half().float()  # weights that float16 holds exactly
    return PipelineParts.of(own_pipeline)


def test_a_vae_is_upcast_where_its_config_says_so(overflowing, normal):
    vae, latent = overflowing.pipeline.vae, normal(1, 4, 16, 16)
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = overflowing.encode_image(image), overflowing.decode_latent(latent)
    vae.half()
    assert vae.config.force_upcast
    assert_close((overflowing.encode_image(image), overflowing.decode_latent(latent)), expected)
    assert vae.dtype is torch.float16


def test_pictures_and_latents_that_are_not_finite_are_refused(overflowing, normal):
    vae = overflowing.pipeline.vae.half()
    vae.register_to_config(force_upcast=False)
    with pytest.raises(ValueError, match=r"encoded latent .*float16, .* load the VAE in float32"):
        overflowing.encode_image(torch.ones(1, 3, 32, 32))
    with pytest.raises(ValueError, match=r"decoded picture .*float16, .* load the VAE in float32"):
        overflowing.decode_latent(normal(1, 4, 16, 16))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_decoder_has_its_own_gradient(own_pipeline, normal, dtype):
    parts = PipelineParts.of(own_pipeline)
    own_pipeline.vae.register_to_config(force_upcast=dtype is torch.bfloat16)
    own_pipeline.vae.to(dtype)
    verify_decoder(parts.autoencoder, normal(1, 4, 16, 16), torch.Generator().manual_seed(0))
    assert parts.autoencoder.stride == 2


def test_a_decoder_clamps_nothing(own_pipeline, normal):
    parts, latent = PipelineParts.of(own_pipeline), 100 * normal(1, 4, 16, 16)
    decoded = parts.autoencoder.decode(latent)
    assert float(decoded.min()) < 0 or float(decoded.max()) > 1
    assert_close(parts.decode_latent(latent), decoded.clamp(0, 1))


def test_a_bias_is_added_to_what_attention_scores_and_nothing_stays_of_it(own_pipeline, normal):
    parts = PipelineParts.of(own_pipeline)
    prompt, x = parts.encode_prompt("day"), normal(2, 4, 16, 16)

    def answer():
        with torch.no_grad():
            return parts.denoiser.denoise(x, 2.0, prompt)

    asked = set()

    def first_word_alone(query, key, heads, known):
        asked.add(known.shape[1])
        if known.shape[1] != prompt.embedding.shape[1]:
            return None
        bias = query.new_full((len(query), query.shape[1], key.shape[1]), -1e4)
        bias[..., 0] = 0
        return bias

    plain = answer()
    with attention_bias(own_pipeline.unet, lambda *_: None):
        assert torch.equal(answer(), plain)
    with attention_bias(own_pipeline.unet, first_word_alone):
        alone = answer()
    first = prompt.with_embedding(prompt.embedding[:, :1])
    with torch.no_grad():
        assert_close(alone, parts.denoiser.denoise(x, 2.0, first), rtol=1e-4, atol=1e-4)
    assert len(asked) > 1  # places among themselves, too
    assert float((alone - plain).abs().max()) > 1e-4
    assert torch.equal(answer(), plain)


def test_pictures_keep_their_scale(stable_diffusion, normal):
    """encode is the pipeline's own scaling, and decode its inverse."""
    parts = PipelineParts.of(stable_diffusion)
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        mode = stable_diffusion.vae.encode(image * 2 - 1).latent_dist.mode()
    assert_close(parts.encode_image(image), mode * stable_diffusion.vae.config.scaling_factor)
    with torch.no_grad():
        decoded = (stable_diffusion.vae.decode(mode).sample / 2 + 0.5).clamp(0, 1)
    assert_close(parts.decode_latent(parts.encode_image(image)), decoded, rtol=1e-4, atol=1e-4)


def test_sizes_off_the_stride_are_refused(stable_diffusion):
    with pytest.raises(ValueError, match=r"33 x 32, .* multiples of 2"):
        PipelineParts.of(stable_diffusion).encode_image(torch.rand(1, 3, 32, 33))


def test_inpainting_models_are_refused():
    inpainting = unet(cross_attention_dim=WIDTH, in_channels=9)
    with pytest.raises(ValueError, match="reads 9 channels .* predicts 4"):
        DiffusersDenoiser(inpainting, Parameterization.of(scheduler("epsilon")))


def test_unknown_predictions_are_refused():
    with pytest.raises(ValueError, match="'sample', but must be"):
        Parameterization.of(scheduler("sample"))


def test_schedulers_without_noise_levels_of_their_own_are_refused():
    with pytest.raises(ValueError, match="CMStochasticIterativeScheduler, but .* alphas_cumprod"):
        Parameterization.of(CMStochasticIterativeScheduler())


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_a_flow_model_is_sampled_along_its_velocity(tokenizer, shift):
    flow = FlowMatchEulerDiscreteScheduler(shift=shift)
    pipeline = stable_diffusion_of(tokenizer, flow)
    parts = PipelineParts.of(pipeline)
    words = parts.encode_prompt("a street")
    schedule = make_schedule(parts.sigma_table, STEPS, Spacing.TRAILING)
    times = [sigma / (1 + sigma) for sigma in schedule.sigmas[:-1]]
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    state, pairs = noise, zip(times, [*times[1:], 0.0], strict=True)
    for time, next_time in pairs:
        told = torch.tensor(1000.0 * time)
        with torch.no_grad():
            velocity = pipeline.unet(state, told, encoder_hidden_states=words.embedding).sample
        state = state + (next_time - time) * velocity
    seed = to_variance_preserving(from_flow(noise, schedule.sigmas[0]), schedule.sigmas[0])
    ours = sample(parts.denoiser, seed, Prompt(words), schedule)
    assert_close(ours, state, atol=1e-3, rtol=1e-3)
