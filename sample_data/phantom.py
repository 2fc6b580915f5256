"""Expose a synthetic chest: attenuation, scatter, quantum noise, detector, processing.

Beer-Lambert over the paths of :mod:`sample_data.anatomy`, with attenuation coefficients of about
70 keV. The variants change the lung alone: they are drawings of textbook appearances, not disease.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sample_data import anatomy
from sample_data.anatomy import Build, Grid, Paths, Plane

SOFT, LUNG, BONE = 0.185, 0.050, 0.34
"""Attenuation per centimetre: soft tissue, aerated lung, and what bone adds to soft tissue."""

SCATTER = 0.35
"""Scattered over primary radiation behind an anti-scatter grid."""

PHOTONS = 60_000.0
"""Quanta that reach a square millimetre of the bare detector."""

COARSE = 640
"""Most columns the anatomy is drawn with; larger detectors are interpolated before the noise."""


class Variant(StrEnum):
    """What the lungs look like."""

    CLEAR = "clear"
    GROUND_GLASS = "ground-glass"
    """Hazy, on both sides, at the rim and towards the base."""
    LOBAR = "lobar"
    """One lobe filled, sharp along its fissure, with air in its bronchi."""
    INTERSTITIAL = "interstitial"
    """A fine net of lines through both lungs."""


def expose(
    variant: Variant = Variant.CLEAR,
    seed: int = 0,
    shape: tuple[int, int] = (512, 512),
    *,
    from_the_side: bool = False,
) -> Plane:
    """Make one radiograph.

    Args:
        variant: what the lungs look like.
        seed: decides the person and the noise; the same seed gives the same pixels.
        shape: rows and columns.
        from_the_side: a lateral view, in which the variant does not show.

    Returns:
        float32 (rows, columns) in [0, 1]; bright is dense.
    """
    rng = np.random.default_rng([seed, list(Variant).index(variant)])
    rows, columns = shape
    shrink = max(1.0, columns / COARSE)
    grid = anatomy.detector(round(rows / shrink), round(columns / shrink))
    build = anatomy.draw_build(rng)
    if from_the_side:
        paths, dense = anatomy.lateral(grid, build), np.float32(0)
    else:
        paths = anatomy.frontal(grid, build, rng)
        dense = density(variant, grid, build, rng)
    depth = absorb(paths, dense)
    if shrink > 1:
        depth = _resize(depth, shape)
    return process(detect(depth, rng, anatomy.FIELD / columns))


def absorb(paths: Paths, dense: Plane | np.float32) -> Plane:
    """Optical depth along each ray; ``dense`` is the share of the lung that is filled."""
    soft = np.maximum(paths.body - paths.lung - paths.air, 0)
    lung = paths.lung * (LUNG + (SOFT - LUNG) * dense)
    return (SOFT * soft + lung + BONE * paths.bone).astype(np.float32)


def detect(depth: Plane, rng: np.random.Generator, pitch: float) -> Plane:
    """What a detector of a given pitch (cm) measures, as optical depth again."""
    primary = np.exp(-depth)
    signal = primary + SCATTER * blur(primary, depth.shape[1] * 0.09)
    quanta = PHOTONS * (pitch * 10) ** 2
    noisy = signal + rng.standard_normal(depth.shape, np.float32) * np.sqrt(signal / quanta)
    return -np.log(np.clip(noisy, 0.3 / quanta, None))


def process(depth: Plane) -> Plane:
    """What a console makes of it for reading: even out the large scale, sharpen, map to gray."""
    columns = depth.shape[1]
    evened = depth - 0.38 * blur(depth, columns * 0.08)
    sharp = evened + 0.5 * (evened - blur(evened, columns * 0.004))
    body = sharp[depth > 0.6]
    low, high = np.percentile(body, (1.0, 99.0)) if body.size else (0.0, 1.0)
    gray = np.clip((sharp - low) / (high - low), -0.2, 1.15)
    gray = np.where(depth < 0.35, 0.0, 0.05 + 0.93 * np.clip(gray, 0, None) ** 1.15)
    return np.clip(gray, 0, 1).astype(np.float32)


def density(variant: Variant, grid: Grid, build: Build, rng: np.random.Generator) -> Plane:
    """The share of the lung that is filled instead of aerated, along each ray."""
    base = 0.02 * _noise(grid, 0.5, rng) ** 2
    if variant is Variant.GROUND_GLASS:
        return base + _ground_glass(grid, build, rng)
    if variant is Variant.LOBAR:
        return base + _lobar(grid, build, rng)
    if variant is Variant.INTERSTITIAL:
        return base + _interstitial(grid, rng)
    return base


def _ground_glass(grid: Grid, build: Build, rng: np.random.Generator) -> Plane:
    haze = np.zeros((grid.z.size, grid.x.size), np.float32)
    for side in (-1, 1):
        for _ in range(int(rng.integers(3, 6))):
            x = side * (build.width - rng.uniform(1.8, 5.0))
            z = rng.uniform(-4, 8)
            spread = rng.uniform(1.3, 2.6)
            far = ((grid.x - x) / spread) ** 2 + ((grid.z - z) / (1.3 * spread)) ** 2
            haze = np.maximum(haze, rng.uniform(0.22, 0.4) * np.exp(-far / 2))
    return haze * np.clip(
        1 + 0.3 * _noise(grid, 0.35, rng) + 0.3 * _noise(grid, 0.9, rng), 0.2, 1.8
    )


def _lobar(grid: Grid, build: Build, rng: np.random.Generator) -> Plane:
    """The right upper lobe above its fissure, or a lower lobe of either side."""
    if rng.random() < 0.5:
        fissure = -0.6 + 0.06 * (grid.x + build.width / 2) + rng.normal(0, 0.4)
        inside = (grid.x < 0) * _step((fissure - grid.z) / 0.12) * _step((grid.z + 11) / 1.5)
        hilum, angles, side = (-3.6, -1.6), np.linspace(-1.5, -0.5, 4), -1
    else:
        side = int(rng.choice([-1, 1]))
        level = 2.0 + rng.normal(0, 0.5) - 0.3 * np.abs(grid.x)
        inside = (side * grid.x > 0) * _step((grid.z - level) / 0.9) * np.ones_like(grid.x)
        hilum, angles = (side * 3.6, 0.5), np.linspace(0.5, 1.3, 4)
    filled = 0.62 * inside * (1 + 0.1 * _noise(grid, 0.8, rng))
    for angle in angles:
        end = (hilum[0] + side * 7 * np.cos(angle), hilum[1] + 7 * np.sin(angle))
        bronchus = anatomy.tube(grid, np.array([hilum, end]), [0.2, 0.08])
        filled = filled * (1 - 0.2 * np.clip(bronchus / 0.3, 0, 1))
    return filled.astype(np.float32)


def _interstitial(grid: Grid, rng: np.random.Generator) -> Plane:
    """Ridges of noise at two scales: a net, denser towards the hila and bases."""
    net = np.zeros((grid.z.size, grid.x.size), np.float32)
    for scale, weight in ((0.16, 0.5), (0.34, 0.5)):
        ridge = np.exp(-((_noise(grid, scale, rng) / 0.4) ** 2))
        net += weight * ridge
    where = 0.6 + 0.4 * np.exp(-(((grid.x) / 9) ** 2 + ((grid.z - 4) / 8) ** 2))
    return 0.15 * net * where * np.clip(1 + 0.5 * _noise(grid, 2.0, rng), 0.3, 2)


def _step(distance: Plane) -> Plane:
    return 0.5 + 0.5 * np.tanh(distance)


def _noise(grid: Grid, scale: float, rng: np.random.Generator) -> Plane:
    """Smooth noise of unit variance; ``scale`` in cm is how far it holds together."""
    raw = rng.standard_normal((grid.z.size, grid.x.size), np.float32)
    smooth = blur(raw, scale / grid.pitch)
    return smooth / smooth.std()


def blur(plane: Plane, sigma: float) -> Plane:
    """Gaussian blur, the plane continued by its edge; ``sigma`` in pixels."""
    step = max(1, int(sigma // 4))
    small = plane[::step, ::step] if step > 1 else plane
    rows, columns = (_kernel(length, sigma / step) for length in small.shape)
    result = rows @ small @ columns.T
    return result if step == 1 else _resize(result, plane.shape)


def _kernel(length: int, sigma: float) -> NDArray[np.float32]:
    """A matrix that blurs a line of some length."""
    place = np.arange(length)
    weights = np.exp(-(((place[:, None] - place[None, :]) / max(sigma, 1e-3)) ** 2) / 2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _resize(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Linear interpolation onto another number of rows and columns."""
    return _stretch(_stretch(plane, shape[0]).T, shape[1]).T


def _stretch(plane: Plane, length: int) -> Plane:
    place = (np.arange(length, dtype=np.float32) + 0.5) * (plane.shape[0] / length) - 0.5
    place = np.clip(place, 0, plane.shape[0] - 1)
    low = np.minimum(place.astype(int), plane.shape[0] - 2)
    share = (place - low).astype(np.float32)[:, None]
    return plane[low] * (1 - share) + plane[low + 1] * share
