"""The ways to ask a network which parts of a picture its score came from, for benchmarks.maps.

Each takes squares (N, S, S) uint8 and gives raw maps (N, h, w): what speaks for the target class is
positive. Nothing here is used by a scan; the one that was chosen is in screener.network.explain.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, interpolate

from screener.card import WeightsCard
from screener.network import proof
from screener.network.batch import to_input
from screener.network.explain import scaled
from screener.network.folding import fold
from screener.network.model import Network, Tap

CELLS = 8
"""Cells a side of the occlusion that the maps are compared with."""


def blurred(squares: Tensor) -> Tensor:
    """As a proof blurs them: (N, S, S) uint8."""
    return torch.from_numpy(proof.blurred(squares.numpy()))


class Explained:
    """A network, and the ways to ask it for maps of some squares."""

    def __init__(self, card: WeightsCard, network: Network) -> None:
        self.card = card
        self.network = network
        body = fold(network.body, card.input_size)
        network.body = body.to(memory_format=torch.channels_last)
        self.target = card.labels.index(card.target_label)
        self.taps = {stride: Tap(network.body, stride) for stride in (8, 16, 32)}

    def pixels(self, squares: Tensor) -> Tensor:
        """(N, S, S) uint8 -> (N, 3, S, S)."""
        pixels = to_input(squares, self.card.mean, self.card.std)
        return pixels.contiguous(memory_format=torch.channels_last)

    def odds(self, squares: Tensor) -> Tensor:
        """Log odds of the target class before any temperature: (N, S, S) uint8 -> (N,)."""
        return torch.logit(self._shares(squares, 1), eps=1e-9)

    def scores(self, squares: Tensor) -> Tensor:
        """As a scan gives them: (N, S, S) uint8 -> (N,)."""
        return self._shares(squares, self.card.temperature)

    def _shares(self, squares: Tensor, temperature: float) -> Tensor:
        with torch.inference_mode():
            logits = torch.cat([self.network(self.pixels(part)) for part in squares.split(32)])
        return torch.softmax(logits.double() / temperature, dim=1)[:, self.target]

    def tapped(self, squares: Tensor, stride: int) -> tuple[Tensor, Tensor]:
        """Maps at a stride and the target's gradients there, both (N, C, h, w)."""
        with torch.inference_mode(mode=False), torch.enable_grad():
            maps, last = self.taps[stride](self.pixels(squares))
            wanted = self.network.head(last)[:, self.target].sum()
            (gradients,) = torch.autograd.grad(wanted, maps)
        return maps.detach(), gradients


Method = Callable[[Explained, Tensor], Tensor]


def gradients(rule: Callable[[Tensor, Tensor], Tensor], stride: int) -> Method:
    """A method that needs nothing but activations and gradients of one layer."""
    return lambda network, squares: rule(*network.tapped(squares, stride))


def grad_cam(maps: Tensor, slopes: Tensor) -> Tensor:
    """Selvaraju et al. 2016: channels by their mean gradient."""
    return (maps * slopes.mean((2, 3), keepdim=True)).sum(1)


def grad_cam_pp(maps: Tensor, slopes: Tensor) -> Tensor:
    """Chattopadhay et al. 2018, with the exponential's derivatives."""
    square, cube = slopes**2, slopes**3
    below = 2 * square + (maps * cube).sum((2, 3), keepdim=True)
    share = square / torch.where(below.abs() > 1e-12, below, torch.ones_like(below))
    return (maps * (share * slopes.relu()).sum((2, 3), keepdim=True)).sum(1)


def layer_cam(maps: Tensor, slopes: Tensor) -> Tensor:
    """Jiang et al. 2021: positive gradients alone, cell by cell."""
    return (maps * slopes.relu()).sum(1)


def hires_cam(maps: Tensor, slopes: Tensor) -> Tensor:
    """Draelos and Carin 2020: activation times gradient, cell by cell."""
    return (maps * slopes).sum(1)


def integrated(network: Explained, squares: Tensor, steps: int = 8) -> Tensor:
    """Integrated gradients from the blurred picture, summed over 8 x 8 pixels."""
    start, end = network.pixels(blurred(squares)), network.pixels(squares)
    total = torch.zeros_like(end)
    for step in range(steps):
        at = (start + (step + 0.5) / steps * (end - start)).requires_grad_()
        with torch.enable_grad():
            wanted = network.network(at)[:, network.target].sum()
            total += torch.autograd.grad(wanted, at)[0]
    return adaptive_avg_pool2d((total * (end - start)).sum(1, keepdim=True), 20).squeeze(1)


def ablation(network: Explained, squares: Tensor) -> Tensor:
    """Ablation-CAM at the last layer, in 64 groups of channels of like size."""
    with torch.inference_mode():
        last = network.network.body(network.pixels(squares))
        whole = network.network.head(last)[:, network.target]
        found = torch.zeros_like(last[:, 0])
        for group in torch.arange(last.shape[1]).chunk(64):
            without = last.clone()
            without[:, group] = 0
            fall = whole - network.network.head(without)[:, network.target]
            found += fall[:, None, None] * last[:, group].mean(1)
    return found


def occlusion(
    network: Explained, squares: Tensor, cells: int = CELLS, fill: str = "blur"
) -> Tensor:
    """Fall of the log odds when one of ``cells`` x ``cells`` parts is hidden."""
    side = squares.shape[-1]
    marks = torch.eye(cells * cells).view(-1, 1, cells, cells)
    masks = interpolate(marks, (side, side)).squeeze(1).bool()
    found = []
    for square in squares:
        covered = blurred(square[None]) if fill == "blur" else torch.full_like(square, 128)
        views = torch.where(masks, covered, square)
        found.append(network.odds(square[None]) - network.odds(views))
    return torch.stack(found).view(-1, cells, cells)


def against_blur(network: Explained, squares: Tensor, steps: int, stride: int = 16) -> Tensor:
    """HiResCAM of what a blur takes away, gradients averaged on the way to the blurred picture.

    With one step the gradients are those of the picture itself.
    """
    whole, slopes = network.tapped(squares, stride)
    covered = blurred(squares)
    without, _ = network.tapped(covered, stride)
    for step in range(1, steps):
        share = 1 - step / steps
        between = (share * squares.float() + (1 - share) * covered.float()).round()
        slopes = slopes + network.tapped(between.to(torch.uint8), stride)[1]
    return ((whole - without) * slopes).sum(1)


def smoothed(network: Explained, squares: Tensor) -> Tensor:
    """HiResCAM at stride 16, each cell with half of its neighbours."""
    maps = hires_cam(*network.tapped(squares, 16)).unsqueeze(1)
    return (maps + avg_pool2d(maps, 3, 1, 1, count_include_pad=False)).squeeze(1)


def flipped(network: Explained, squares: Tensor) -> Tensor:
    """HiResCAM at stride 16, averaged with that of the mirrored picture."""
    mirrored = hires_cam(*network.tapped(squares.flip(2), 16)).flip(2)
    return hires_cam(*network.tapped(squares, 16)) + mirrored


def shifted(network: Explained, squares: Tensor, by: int = 8) -> Tensor:
    """HiResCAM at stride 16, averaged over the picture and four shifted by half a cell."""
    side = squares.shape[-1]
    total = torch.zeros(len(squares), side, side)
    for down, right in ((0, 0), (by, 0), (-by, 0), (0, by), (0, -by)):
        moved = squares.roll((down, right), dims=(1, 2))
        maps = hires_cam(*network.tapped(moved, 16)).unsqueeze(1)
        finer = interpolate(maps, (side, side), mode="bilinear").squeeze(1)
        total += finer.roll((-down, -right), dims=(1, 2))
    return adaptive_avg_pool2d(total.unsqueeze(1), 20).squeeze(1)


def mean_of(*methods: Method) -> Method:
    """Each map brought to its own maximum and to 20 x 20 cells, then averaged."""

    def averaged(network: Explained, squares: Tensor) -> Tensor:
        raw = (method(network, squares).float().numpy() for method in methods)
        maps = [torch.from_numpy(scaled(of)).unsqueeze(1) for of in raw]
        return sum(
            (interpolate(of, (20, 20), mode="bilinear").squeeze(1) for of in maps),
            start=torch.zeros(len(squares), 20, 20),
        )

    return averaged


def blob(_: Explained, squares: Tensor) -> Tensor:
    """No explanation at all: the middle of the picture."""
    axis = torch.linspace(-1, 1, 20)
    centred = torch.exp(-2 * (axis[:, None] ** 2 + axis[None, :] ** 2))
    return centred.expand(len(squares), 20, 20)


def noise(_: Explained, squares: Tensor) -> Tensor:
    """No explanation at all: chance."""
    return torch.rand(len(squares), 10, 10, generator=torch.Generator().manual_seed(0))


OCCLUSION = "occlusion 8 x 8, blur"
"""What the maps' ranks are compared with: it asks the network itself, cell by cell."""

METHODS: dict[str, Method] = {
    "blob in the middle": blob,
    "noise": noise,
    "Grad-CAM, last layer": gradients(grad_cam, 32),
    "Grad-CAM, stride 16": gradients(grad_cam, 16),
    "Grad-CAM++, stride 16": gradients(grad_cam_pp, 16),
    "LayerCAM, last layer": gradients(layer_cam, 32),
    "LayerCAM, stride 16": gradients(layer_cam, 16),
    "HiResCAM, last layer": gradients(hires_cam, 32),
    "HiResCAM, stride 16": gradients(hires_cam, 16),
    "HiResCAM, stride 8": gradients(hires_cam, 8),
    "LayerCAM, stride 8": gradients(layer_cam, 8),
    "HiResCAM smoothed": smoothed,
    "HiResCAM with mirror": flipped,
    "HiResCAM, five shifts": shifted,
    "HiResCAM, strides 16 and 32": mean_of(gradients(hires_cam, 16), gradients(hires_cam, 32)),
    "HiResCAM, strides 8 and 16": mean_of(gradients(hires_cam, 8), gradients(hires_cam, 16)),
    "HiResCAM against blur": lambda n, s: against_blur(n, s, steps=1),
    "HiResCAM against blur, 2 steps": lambda n, s: against_blur(n, s, steps=2),
    "HiResCAM against blur, 4 steps": lambda n, s: against_blur(n, s, steps=4),
    "HiResCAM against blur, last layer": lambda n, s: against_blur(n, s, steps=1, stride=32),
    "ablation, last layer": ablation,
    "integrated gradients": integrated,
    OCCLUSION: occlusion,
    "occlusion 8 x 8, grey": lambda n, s: occlusion(n, s, fill="grey"),
    "occlusion 12 x 12, blur": lambda n, s: occlusion(n, s, cells=12),
}
