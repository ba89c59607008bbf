"""Layers, sizes and parameter counts as the paper gives them (Figs 2, 3 and 4)."""

import pytest
import torch
from torch import nn

from licbench.networks.cae import CAE
from licbench.networks.gan import Discriminator, Encoder, Generator, conv_widths, denormalised, normalised
from licbench.networks.shapes import INPUT_SIZES
from licbench.networks.srcnn import MARGIN, SRCNN, ToOneChannel

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


@pytest.fixture(autouse=True)
def _shapes_only():
    """Nothing here depends on a value, so nothing needs to be computed."""
    with torch.device("meta"):
        yield


def layers_of(network):
    return [layer for layer in network.modules() if isinstance(layer, LAYERS)]


def parameters(network):
    """Weights and biases of convolutions and projections, without batch norm and PReLU."""
    return sum(value.numel() for layer in layers_of(network) for value in layer.parameters())


def shapes(network, *size):
    """What each convolution or projection puts out, in the order of computation, without the batch."""
    seen = []
    hooks = [
        layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(tuple(output.shape[1:])))
        for layer in layers_of(network)
    ]
    output = network(torch.empty(2, *size))
    for hook in hooks:
        hook.remove()
    return seen, output


CAE_SHAPES = [
    (32, 128, 128),
    (32, 64, 64),
    (64, 64, 64),
    (64, 32, 32),
    (64, 32, 32),
    (32, 16, 16),  # y
    (64, 16, 16),
    (64, 32, 32),
    (64, 32, 32),
    (64, 64, 64),
    (32, 64, 64),
    (1, 128, 128),
]


def test_cae_has_the_layers_of_figure_2():
    network = CAE()
    seen, output = shapes(network, 1, 128, 128)
    assert seen == CAE_SHAPES
    assert output.shape == (2, 1, 128, 128)
    assert network.analysis(torch.empty(2, 1, 128, 128)).shape == (2, 32, 16, 16)
    kernels = [(layer.kernel_size, layer.stride, layer.padding) for layer in layers_of(network)]
    same, down, up = ((3, 3), (1, 1), (1, 1)), ((3, 3), (2, 2), (1, 1)), ((4, 4), (2, 2), (1, 1))
    assert kernels == [same, down] * 3 + [same, up] * 3


def test_cae_has_a_prelu_on_every_arrow():
    for half in (CAE().analysis, CAE().synthesis):
        parts = list(half)
        assert len(parts) == 12
        assert all(isinstance(part, nn.PReLU) for part in parts[1::2])
        assert [part.num_parameters for part in parts[1::2]] == [layer.out_channels for layer in parts[0::2]]


def test_cae_counts():
    network = CAE()
    assert parameters(network.analysis) == 120_384
    assert parameters(network.synthesis) == 205_601
    assert parameters(network) == 325_985


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 256), (40, 24)])
def test_cae_takes_whole_pictures(height, width):
    network = CAE()
    assert network.analysis(torch.empty(1, 1, height, width)).shape == (1, 32, height // 8, width // 8)
    assert network(torch.empty(1, 1, height, width)).shape == (1, 1, height, width)


CONVS = [(32, 64, 64), (64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4)]


def test_gan_encoder_has_the_layers_of_figure_3():
    network = Encoder(128)
    seen, output = shapes(network, 3, 128, 128)
    assert seen == [*CONVS, (128,)] and output.shape == (2, 128)
    assert all((layer.kernel_size, layer.stride) == ((5, 5), (2, 2)) for layer in network.convs)


def test_gan_generator_has_the_layers_of_figure_3():
    network = Generator(128)
    seen, output = shapes(network, 128)
    # The figure labels the deconvolutions with their input widths: 512, 256, 128, 64, 32.
    assert seen == [(4 * 4 * 512,), (256, 8, 8), (128, 16, 16), (64, 32, 32), (32, 64, 64), (3, 128, 128)]
    assert [layer.in_channels for layer in network.deconvs] == [512, 256, 128, 64, 32]
    assert output.shape == (2, 3, 128, 128)


def test_gan_discriminator_gives_h0_to_h4_and_a_logit():
    network = Discriminator()
    seen, (features, logit) = shapes(network, 3, 128, 128)
    assert seen == [*CONVS, (1,)] and logit.shape == (2,)
    assert [tuple(feature.shape[1:]) for feature in features] == CONVS


def test_gan_normalises_where_dcgan_does():
    for network in (Encoder(128), Discriminator()):
        assert [type(norm) for norm in network.norms] == [nn.Identity, *[nn.BatchNorm2d] * 4]
    assert [type(norm) for norm in Generator(128).norms] == [nn.BatchNorm2d] * 5


def test_gan_counts():
    assert parameters(Encoder(128)) == 5_404_096
    assert parameters(Generator(128)) == 5_411_651
    assert parameters(Discriminator()) == 4_363_585


def test_gan_widths_at_other_sizes():
    """Our choice where the paper draws 128 only: a stage of 512 maps more, or the last stage less."""
    assert conv_widths(128) == [32, 64, 128, 256, 512]
    assert conv_widths(256) == [32, 64, 128, 256, 512, 512]
    assert conv_widths(64) == [32, 64, 128, 256]


@pytest.mark.parametrize("code_size", [64, 128, 256, 1024])
@pytest.mark.parametrize(("side", "sizes"), [(64, [32, 16, 8, 4]), (128, [64, 32, 16, 8, 4]), (256, None)])
def test_gan_comes_in_the_paper_s_sizes(side, sizes, code_size):
    assert side in INPUT_SIZES
    seen, code = shapes(Encoder(code_size, side), 3, side, side)
    assert [shape[1] for shape in seen[:-1]] == (sizes or [128, 64, 32, 16, 8, 4])
    assert code.shape == (2, code_size)
    back, tiles = shapes(Generator(code_size, side), code_size)
    assert tiles.shape == (2, 3, side, side)
    assert [shape[0] for shape in back[1:-1]] == conv_widths(side)[-2::-1]
    assert Discriminator(side)(tiles)[1].shape == (2,)


def test_srcnn_is_9_1_5():
    network = SRCNN()
    seen, output = shapes(network, 1, 33, 33)
    assert seen == [(64, 25, 25), (32, 25, 25), (1, 21, 21)]
    assert [layer.kernel_size for layer in layers_of(network)] == [(9, 9), (1, 1), (5, 5)]
    assert output.shape == (2, 1, 33 - 2 * MARGIN, 33 - 2 * MARGIN)
    assert sum(value.numel() for value in network.parameters()) == parameters(network) == 8_129


def test_a_convolution_to_one_map_is_a_convolution():
    with torch.device("cpu"):
        layer, features = ToOneChannel(32, 1, kernel_size=5), torch.randn(2, 32, 30, 41)
    torch.testing.assert_close(layer(features), nn.Conv2d.forward(layer, features), atol=1e-5, rtol=1e-4)


def test_srcnn_enhance_keeps_the_size():
    assert SRCNN().enhance(torch.empty(1, 1, 1, 7)).shape == (1, 1, 1, 7)


def test_samples_of_the_gan_span_minus_one_to_one():
    samples = torch.tensor([0.0, 51.0, 127.5, 255.0])
    torch.testing.assert_close(normalised(samples), torch.tensor([-1.0, -0.6, 0.0, 1.0]))
    torch.testing.assert_close(denormalised(normalised(samples)), samples)


def test_squared_error_and_its_gradient_in_strips_are_those_of_the_whole():
    from licbench.networks.inference import squared_error_in_strips

    chance = torch.Generator().manual_seed(1)
    with torch.device("cpu"):
        synthesis = CAE().synthesis.double().requires_grad_(False)
        latent = torch.randn(1, 32, 13, 6, dtype=torch.float64, generator=chance)
        target = torch.rand(104, 48, dtype=torch.float64, generator=chance)
        error, gradient = squared_error_in_strips(synthesis, latent, target, rows=5, overlap=4)
    whole = latent.clone().requires_grad_(True)
    expected = (synthesis(whole)[0, 0] - target).square().sum()
    expected.backward()
    assert error == pytest.approx(float(expected.detach()), rel=1e-12)
    assert torch.allclose(gradient, whole.grad, rtol=1e-9, atol=1e-12)
