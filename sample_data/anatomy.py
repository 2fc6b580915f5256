"""The solids of a synthetic chest, and how long a ray runs through each of them.

Lengths are in centimetres: x to the image's right (the patient's left), z down, y along the beam.
Every solid is analytic, so that the path through it is a formula. Nothing here is measured from
a person; it is meant to look like a chest radiograph, not to be one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

FIELD = 38.0
"""Width of the imaged field."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The detector: centres of its pixels."""

    x: Plane
    """(1, columns)"""
    z: Plane
    """(rows, 1)"""
    pitch: float


@dataclass(frozen=True, slots=True)
class Paths:
    """Centimetres of each material along the ray of each pixel, (rows, columns)."""

    body: Plane
    """Everything within the skin."""
    lung: Plane
    """Aerated lung."""
    air: Plane
    """Trachea, bronchi and the stomach's bubble."""
    bone: Plane
    """Compact bone, or what weighs as much."""


@dataclass(frozen=True, slots=True)
class Build:
    """What differs between people."""

    width: float
    """Largest half-width of the thoracic cavity."""
    depth: float
    heart: float
    """Size of the heart, 1 is average."""
    lean: float
    """How far the mediastinum lies off the middle."""
    right_dome: float
    left_dome: float
    rib_spacing: float


def draw_build(rng: np.random.Generator) -> Build:
    """A person, by chance."""
    return Build(
        width=rng.normal(13.1, 0.6),
        depth=rng.normal(8.6, 0.5),
        heart=rng.normal(1.0, 0.08),
        lean=rng.normal(0.0, 0.25),
        right_dome=rng.normal(7.6, 0.7),
        left_dome=rng.normal(8.9, 0.7),
        rib_spacing=rng.normal(2.35, 0.07),
    )


def detector(rows: int, columns: int) -> Grid:
    """A detector of a given number of pixels over the imaged field."""
    pitch = FIELD / columns
    x = (np.arange(columns, dtype=np.float32) - (columns - 1) / 2) * pitch
    z = (np.arange(rows, dtype=np.float32) - (rows - 1) / 2) * pitch
    return Grid(x[None, :], z[:, None], pitch)


def frontal(grid: Grid, build: Build, rng: np.random.Generator) -> Paths:
    """A chest seen from the front."""
    body = _body(grid)
    lung = _cavity(grid, build)
    for solid in (_mediastinum(grid, build), _heart(grid, build), _abdomen(grid, build)):
        lung = np.maximum(lung - solid, 0)
    inside = lung > 0.4
    lung = np.maximum(lung - _vessels(grid, build, rng) * inside, 0)
    return Paths(body, lung, _airways(grid, build), _skeleton(grid, build, rng))


def lateral(grid: Grid, build: Build) -> Paths:
    """A chest seen from its left side: x of the grid is now depth, the front at the left."""
    y, z = grid.x, grid.z
    half = np.interp(z, [-22, -16, -13, -6, 4, 20], [5.5, 6.5, 9.5, 11.5, 12.5, 12.5])
    width = np.interp(z, [-22, -16, -12, -4, 20], [6, 8, 17, 16.5, 16.5])
    body = 2 * width * _superellipse(y / half, 2.4)
    level = _level(z)
    lung = 2 * build.width * level * _superellipse((y - 0.5) / (build.depth * 1.1 * level), 2.4)
    lung = lung * 0.75
    heart = ellipsoid(grid, (-4.2, 4.6), (4.4, 6.2), 6.4 * build.heart, 0.45)
    arch = tube(grid, np.array([(-1.5, 0), (-1.2, -5), (1.2, -7.2), (3.4, -5), (4.2, 8)]), [1.4])
    domes = ellipsoid(grid, (-0.5, build.right_dome + 11.0), (12.5, 11.5), 13.0)
    for solid in (heart, arch, domes):
        lung = np.maximum(lung - solid, 0)
    spine = _blank(grid)
    for index in range(14):
        centre = (6.5 + 0.012 * (index - 7) ** 2, -17 + 2.7 * index)
        box = _superellipse((y - centre[0]) / 1.7, 5) * _superellipse((z - centre[1]) / 1.1, 5)
        np.maximum(spine, 1.3 * box, out=spine)
    for index in range(9):
        top = -12.5 + build.rib_spacing * index
        curve = [(7.5 - 14.5 * t, top + 2 * t + 4.5 * t * t) for t in np.linspace(0, 1, 24)]
        spine += 0.5 * _shell(grid, np.array(curve), 0.6)
    sternum = tube(grid, np.array([(-9.2, -9.0), (-10.4, 3.0)]), [0.7])
    return Paths(body, lung, tube(grid, np.array([(1.2, -19), (2.2, -5)]), [0.8]), spine + sternum)


def _body(grid: Grid) -> Plane:
    """Neck, shoulders and trunk, elliptical in each level."""
    half = _smooth_profile(
        grid.z,
        [-22, -17.6, -16.2, -14, -11, -5, 4, 22],
        [5.8, 6.4, 9.5, 17, 19.5, 18.2, 16.9, 16.6],
    )
    depth = _smooth_profile(grid.z, [-22, -17, -13, -6, 4, 22], [5.5, 6.5, 8.5, 11, 12, 12])
    return (2 * depth * _superellipse(grid.x / half, 2.5)).astype(np.float32)


def _smooth_profile(z: Plane, levels: list[float], values: list[float]) -> Plane:
    """Interpolate without corners: the mean over 1.5 cm up and down."""
    shifts = np.linspace(-1.5, 1.5, 13)
    return np.mean([np.interp(z + shift, levels, values) for shift in shifts], axis=0)


def _level(z: Plane) -> Plane:
    """Width of the cavity at a level, as a share of its largest."""
    apex, widest = -14.6, 7.0
    up = np.clip((widest - z) / (widest - apex), 0, 1)
    return (1 - up**3.4) ** 0.66 + 1e-6


def _cavity(grid: Grid, build: Build) -> Plane:
    level = _level(grid.z)
    across = (grid.x - 0.4 * build.lean) / (build.width * level)
    return (2 * build.depth * level**0.8 * _superellipse(across, 2.6)).astype(np.float32)


def _mediastinum(grid: Grid, build: Build) -> Plane:
    """Great vessels, oesophagus and spine muscles: a column that widens at hila and below."""
    half = _smooth_profile(
        grid.z, [-20, -12, -7, -3, 2, 9, 20], [2.6, 2.9, 3.1, 3.0, 2.8, 3.0, 3.6]
    )
    column = 2 * 7.4 * _superellipse((grid.x - build.lean) / half, 2.0)
    arch = ellipsoid(grid, (build.lean + 1.9, -6.2), (1.9, 2.0), 4.0)
    course = np.array([(2.4, -5.5), (2.1, 2.0), (1.4, 12)]) + (build.lean, 0)  # noqa: RUF005
    descending = tube(grid, course, [1.5])
    pulmonary = ellipsoid(grid, (build.lean + 2.2, -2.9), (1.6, 2.2), 3.6)
    return _join(column, arch + 0.6 * descending + pulmonary)


def _heart(grid: Grid, build: Build) -> Plane:
    """Two ellipsoids: the ventricles, tilted to the left, and the right atrium."""
    size, lean = build.heart, build.lean
    ventricles = ellipsoid(grid, (lean + 3.0, 5.2), (5.9 * size, 4.6 * size), 7.4, 0.6)
    atrium = ellipsoid(grid, (lean - 1.6, 4.0), (3.2 * size, 4.4 * size), 7.4)
    return _join(ventricles, atrium)


def _join(first: Plane, second: Plane) -> Plane:
    """Two solids that melt into each other, without an edge where they meet."""
    return ((first**3 + second**3) ** (1 / 3)).astype(np.float32)


def _abdomen(grid: Grid, build: Build) -> Plane:
    """What rises under the two domes of the diaphragm, the lung's recesses left around it."""
    right = ellipsoid(grid, (-6.4, build.right_dome + 13), (8.8, 13.0), 11.0)
    left = ellipsoid(grid, (6.6, build.left_dome + 13), (8.6, 13.0), 11.0)
    middle = ellipsoid(grid, (0.0, build.left_dome + 13.5), (8.0, 13.0), 11.0)
    return np.maximum(np.maximum(right, left), middle)


def _airways(grid: Grid, build: Build) -> Plane:
    lean = build.lean
    trachea = tube(grid, np.array([(0.3 * lean, -20), (lean - 0.2, -4.6)]), [0.85, 0.8])
    right = tube(grid, np.array([(lean - 0.2, -4.6), (lean - 2.8, -1.8)]), [0.7, 0.55])
    left = tube(grid, np.array([(lean - 0.2, -4.6), (lean + 3.4, -2.2)]), [0.65, 0.45])
    bubble = ellipsoid(grid, (7.4, build.left_dome + 2.6), (2.6, 1.1), 2.2)
    return np.maximum(np.maximum(trachea, right), left) + bubble


def _vessels(grid: Grid, build: Build, rng: np.random.Generator) -> Plane:
    """The branching shadows that spread from both hila and thin out towards the rim."""
    inside = _blank(grid)
    for side in (-1, 1):
        hilum = np.array([build.lean + side * 3.6, -1.6 if side > 0 else -0.9])
        for angle in np.linspace(-1.35, 1.45, 11):
            start = hilum + rng.normal(0, 0.35, 2)
            _branch(grid, inside, start, side, angle + rng.normal(0, 0.1), 0.46, rng)
    vessels = _chord(inside)
    for side, z in ((-1, -0.1), (1, -0.8)):
        hilar = ellipsoid(grid, (build.lean + side * 4.1, z), (1.1, 2.3), 1.6, side * -0.3)
        np.maximum(vessels, hilar, out=vessels)
    return vessels


def _branch(
    grid: Grid,
    inside: Plane,
    start: NDArray[np.float64],
    side: int,
    angle: float,
    radius: float,
    rng: np.random.Generator,
) -> None:
    """Draw a vessel and, by chance, the two it forks into. ``angle`` 0 is straight outwards."""
    length = rng.uniform(1.6, 3.0) * (0.6 + radius)
    bend = rng.normal(0, 0.12)
    middle = start + length * np.array([side * np.cos(angle), np.sin(angle)])
    end = middle + length * np.array([side * np.cos(angle + bend), np.sin(angle + bend)])
    _draw(grid, inside, np.array([start, middle, end]), [radius, 0.82 * radius])
    if radius > max(0.1, 0.3 * grid.pitch):
        for turn in (rng.uniform(-0.55, -0.1), rng.uniform(0.1, 0.55)):
            thinner = radius * rng.uniform(0.55, 0.78)
            _branch(grid, inside, end, side, angle + bend + turn, thinner, rng)


def _skeleton(grid: Grid, build: Build, rng: np.random.Generator) -> Plane:
    bone = _spine(grid, build)
    for side in (-1, 1):
        for index in range(11):
            for path, radius in _rib(build, side, index, rng):
                bone += 0.62 * _shell(grid, path, radius)
        clavicle = [
            (side * (1.9 + 15.2 * t) + build.lean, -10.4 - 2.6 * t - 0.8 * np.sin(2 * np.pi * t))
            for t in np.linspace(0, 1, 18)
        ]
        bone += _shell(grid, np.array(clavicle), 0.72)
        bone += _scapula(grid, side) + 0.8 * _humerus(grid, side)
    return bone.astype(np.float32)


def _spine(grid: Grid, build: Build) -> Plane:
    """Vertebrae with discs between, pedicles and spinous processes."""
    spine = _blank(grid)
    for index in range(17):
        z, x = -19.5 + 2.45 * index, 0.6 * build.lean
        half_width = 1.5 + 0.03 * index
        box = _superellipse((grid.x - x) / half_width, 5) * _superellipse((grid.z - z) / 1.05, 5)
        np.maximum(spine, 0.4 * box, out=spine)
        for side in (-1, 1):
            spine += 0.3 * ellipsoid(grid, (x + side * 1.0, z - 0.25), (0.32, 0.5), 0.6)
        spine += 0.3 * ellipsoid(grid, (x, z + 0.9), (0.3, 0.7), 0.6)
    return spine


def _rib(
    build: Build, side: int, index: int, rng: np.random.Generator
) -> list[tuple[NDArray[np.float64], float]]:
    """The posterior and the anterior part of a rib, as centre lines with their radius."""
    top = -13.6 + build.rib_spacing * index + rng.normal(0, 0.06)
    drop = min(0.9 + 0.42 * index, 3.8)
    widest = float((build.width + 0.35) * _level(np.float32(top + drop)))
    turn = np.linspace(0, np.pi / 2, 16)
    back = np.stack([1.9 + (widest - 1.9) * np.sin(turn), top - 0.5 * np.sin(2 * turn)], axis=1)
    back[:, 1] += drop * (turn / turn[-1]) ** 2.2
    parts = [(back, 0.62)]
    if 0 < index < 8:
        turn = np.linspace(0, 1, 12)
        reach = widest * np.cos(turn * 1.15)
        front = np.stack(
            [reach, back[-1, 1] + 0.7 * turn + (1.6 + 0.34 * index) * turn**1.6], axis=1
        )
        parts.append((front, 0.66))
    return [(path * [side, 1] + [0.5 * build.lean, 0], radius) for path, radius in parts]


def _scapula(grid: Grid, side: int) -> Plane:
    """A thin plate with a thicker medial border, at the rim of the lung."""
    border = np.array([(11.6, -9.6), (12.6, -4.0), (14.3, 1.0)]) * [side, 1]
    plate = ellipsoid(grid, (side * 15.4, -5.4), (3.6, 6.4), 0.25, side * 0.22)
    return 0.35 * tube(grid, border, [0.45]) + 0.5 * plate


def _humerus(grid: Grid, side: int) -> Plane:
    return _shell(grid, np.array([(17.6, -10.6), (19.4, -3.0)]) * [side, 1], 1.9) * 0.7


def ellipsoid(
    grid: Grid,
    centre: tuple[float, float],
    radii: tuple[float, float],
    depth: float,
    angle: float = 0.0,
) -> Plane:
    """Path through an ellipsoid: half-axes ``radii`` in the image, ``depth`` along the beam."""
    x, z = grid.x - centre[0], grid.z - centre[1]
    along = (x * np.cos(angle) + z * np.sin(angle)) / radii[0]
    across = (z * np.cos(angle) - x * np.sin(angle)) / radii[1]
    return (2 * depth * np.sqrt(np.maximum(1 - along**2 - across**2, 0))).astype(np.float32)


def tube(grid: Grid, path: NDArray[np.float64], radii: list[float]) -> Plane:
    """Path through a round tube along a polyline, its radius going from first to last."""
    inside = _blank(grid)
    _draw(grid, inside, path, radii)
    return _chord(inside)


def _shell(grid: Grid, path: NDArray[np.float64], radius: float) -> Plane:
    """A bone: a tube of compact bone around a spongy core of three quarters its radius."""
    inside = _blank(grid)
    _draw(grid, inside, path, [radius])
    return _chord(inside) - 0.72 * _chord(inside - radius**2 * (1 - 0.74**2))


def _blank(grid: Grid) -> Plane:
    return np.zeros((grid.z.size, grid.x.size), np.float32)


def _draw(grid: Grid, inside: Plane, path: NDArray[np.float64], radii: list[float]) -> None:
    """Raise ``inside`` to the squared radius less the squared distance from a polyline."""
    steps = np.linspace(radii[0], radii[-1], len(path))
    for start, end, radius in zip(path[:-1], path[1:], steps, strict=False):
        low, high = np.minimum(start, end) - radius, np.maximum(start, end) + radius
        columns = slice(*np.searchsorted(grid.x[0], [low[0], high[0]]))
        rows = slice(*np.searchsorted(grid.z[:, 0], [low[1], high[1]]))
        x, z = grid.x[:, columns] - start[0], grid.z[rows] - start[1]
        line = end - start
        share = np.clip((x * line[0] + z * line[1]) / max(float(line @ line), 1e-9), 0, 1)
        squared = (x - share * line[0]) ** 2 + (z - share * line[1]) ** 2
        window = inside[rows, columns]
        np.maximum(window, radius**2 - squared, out=window)


def _chord(inside: Plane) -> Plane:
    """Path through what :func:`_draw` drew."""
    return 2 * np.sqrt(np.maximum(inside, 0))


def _superellipse(share: Plane, power: float) -> Plane:
    """Half-height of a superellipse at a share of its half-width."""
    return np.maximum(1 - np.abs(share) ** power, 0) ** (1 / power)
