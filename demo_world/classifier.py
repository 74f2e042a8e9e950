"""Which domain a picture shows, told by its colours and edges: logistic regression, no network."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from .domains import DOMAINS
from .render import render_all
from .scene import scene

BANDS = 3
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Classifier:
    """A linear classifier on standardised statistics of a picture."""

    mean: torch.Tensor
    deviation: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor

    def probabilities(self, images):
        """How likely each domain is, for pictures [n, 3, h, w] in 0..1."""
        standard = (picture_statistics(images) - self.mean) / self.deviation
        return F.softmax(standard @ self.weight + self.bias, dim=1)

    def domains(self, images):
        """The likeliest domain's index for every picture."""
        return self.probabilities(images).argmax(1)


def colour_statistics(images):
    """Quantiles of every colour in three bands from sky to road: [n, 3 * 3 * 5]."""
    levels = torch.tensor(LEVELS)
    bands = [band.flatten(2) for band in images.chunk(BANDS, dim=2)]
    quantiles = [torch.quantile(band, levels, dim=2) for band in bands]
    return torch.cat([q.permute(1, 2, 0).flatten(1) for q in quantiles], dim=1)


def edge_statistics(images):
    """Mean and spread of the brightness gradient in the same bands."""
    grey = images.mean(1)
    slope = (grey.diff(dim=1)[:, :, 1:] ** 2 + grey.diff(dim=2)[:, 1:] ** 2 + 1e-8).sqrt()
    bands = [band.flatten(1) for band in slope.chunk(BANDS, dim=1)]
    return torch.stack([s for band in bands for s in (band.mean(1), band.std(1))], dim=1)


def picture_statistics(images):
    """Everything that the classifier looks at."""
    return torch.cat([colour_statistics(images), edge_statistics(images)], dim=1)


def fitted(statistics, classes, penalty=1e-3):
    """Weights of a multinomial logistic regression, found by L-BFGS."""
    weight = torch.zeros(statistics.shape[1], len(DOMAINS), requires_grad=True)
    bias = torch.zeros(len(DOMAINS), requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        wrong = F.cross_entropy(statistics @ weight + bias, classes)
        loss = wrong + penalty * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return weight.detach(), bias.detach()


def train_classifier(images, classes):
    """Train on pictures [n, 3, h, w] and their domains' indices."""
    statistics = picture_statistics(images)
    mean, deviation = statistics.mean(0), statistics.std(0) + 1e-4
    weight, bias = fitted((statistics - mean) / deviation, classes)
    return Classifier(mean, deviation, weight, bias)


def rendered_pictures(seeds, size=128):
    """Every domain of some scenes as pictures [6 n, 3, size, size], and their domains' indices."""
    images = np.concatenate([render_all(scene(seed), size) for seed in seeds])
    classes = torch.arange(len(DOMAINS)).repeat(len(seeds))
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), classes
