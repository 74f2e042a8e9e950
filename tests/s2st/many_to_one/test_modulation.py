import torch
from torch.testing import assert_close

from s2st.many_to_one.modulation import AdaptedConv, DemodulatedConv, sloped, twice


def test_adapted_maps_have_the_styles_moments(generator):
    layer, maps = AdaptedConv(2, 3, 4), torch.rand(1, 2, 8, 8, generator=generator)
    torch.nn.init.zeros_(layer.affine.weight)
    layer.affine.bias.data = torch.tensor([1.0, 0.0, 5.0, 5.0])
    seen = []
    layer.convolution.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    layer(maps, torch.zeros(1, 4), False)
    assert_close(
        seen[0].std(dim=(2, 3), correction=0), torch.tensor([[2.0, 1.0]]), atol=1e-3, rtol=0
    )
    assert_close(seen[0].mean(dim=(2, 3)), torch.tensor([[5.0, 5.0]]), atol=0.1, rtol=0)


def test_demodulated_weights_are_what_the_paper_says(generator):
    """Scale by input channel, divide by the length over inputs and places, convolve."""
    layer = DemodulatedConv(3, 5, 4)
    maps = torch.randn(1, 3, 8, 8, generator=generator)
    style = torch.randn(1, 4, generator=generator)
    scale = 1 + layer.affine(style)[0]
    weight = layer.convolution.weight * scale[None, :, None, None]
    weight = weight / weight.square().sum(dim=(1, 2, 3), keepdim=True).sqrt()
    expected = torch.nn.functional.conv2d(sloped(maps), weight, padding=1)
    assert_close(layer(maps, style, False), expected, atol=1e-5, rtol=1e-4)


def test_twice_as_large_repeats_every_pixel():
    maps = torch.arange(4.0).view(1, 1, 2, 2)
    assert twice(maps)[0, 0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
