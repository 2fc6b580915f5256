"""What a scan costs against its bare parts, against the field's usual loop, and in memory.

    python -m benchmarks.scan cpu      # CPU seconds over bare decoding and bare passes
    python -m benchmarks.scan wall     # wall time against one image after another
    python -m benchmarks.scan cold     # wall time and peak of a scan of ten films
    python -m benchmarks.scan memory   # peak at 4,000 images over the peak at 400
    python -m benchmarks.scan maps     # CPU seconds where every film gets a map, by --maps

Whole processes are measured, start-up included, in turns. The weights are bundled ones
(``--weights``), computed by the engine that ``auto`` takes, at their own input size and at 224
pixels. The films of ``cpu``, ``wall`` and ``memory`` are not put before the guard and get no map.
For maps the limits of the bands put every film into PRIORITY; start-up, what a scan of one film
takes, is given apart.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

DISTINCT = 20
SIDE = 2000
BATCH = 16
PR_SET_CHILD_SUBREAPER = 36


def films(folder: Path, number: int) -> Path:
    """Full-size 12-bit studies: a few different phantoms, copied to the number asked for.

    Each copy has a last pixel of its own: what is the same in every byte is computed once.
    """
    from sample_data.make_phantoms import Film, describe, set_pixels, stored
    from sample_data.phantom import Variant, expose

    folder.mkdir()
    gray = expose(Variant.GROUND_GLASS, 1, (SIDE, SIDE))
    noise = np.random.default_rng(0)
    for one in range(number):
        film = Film(f"{one:04}.dcm", one + 1, shape=(SIDE, SIDE), bits=12)
        path = folder / film.name
        if one >= DISTINCT:
            content = (folder / f"{one % DISTINCT:04}.dcm").read_bytes()
            path.write_bytes(content[:-2] + one.to_bytes(2, "little"))
            continue
        dataset = describe(film)
        grainy = np.clip(gray + noise.normal(0, 0.01, gray.shape), 0, 1)
        set_pixels(dataset, stored(grainy.astype(np.float32), film), film)
        dataset.save_as(path, enforce_file_format=True)
    return folder


def thumbnails(folder: Path, number: int) -> Path:
    """Small pictures, each different."""
    folder.mkdir()
    noise = np.random.default_rng(0)
    for one in range(number):
        Image.fromarray(noise.integers(0, 256, (96, 96), np.uint8)).save(folder / f"{one:05}.png")
    return folder


def weights(folder: Path, name: str, input_size: int = 0) -> Path:
    """Bundled weights with their graphs, for another input size if asked for."""
    from screener.card import load_card, save_card
    from screener.network.weights import bundled

    card = load_card(bundled(name))
    if input_size in (0, card.input_size):
        return bundled(name)
    from trainer.fitting.graphs import write_graphs

    shutil.copytree(bundled(name), folder)
    save_card(folder, replace(card, input_size=input_size))
    write_graphs(folder)
    return folder


# The bare parts and the usual loop, each a process of its own


def squares(folder: Path, weights_folder: Path) -> None:
    """Decode alone: every file to the network's square, one after another."""
    from screener.card import load_card
    from screener.reading import pixels

    for path in sorted(folder.iterdir()):
        pixels.square(pixels.load(path), load_card(weights_folder).input_size)


def forward(folder: Path, weights_folder: Path) -> None:
    """The engine alone: as many squares as there are films, in the scan's parts, one thread."""
    from screener.card import load_card
    from screener.network import device
    from screener.network.engine.opening import opened

    card = load_card(weights_folder)
    place = device.choose(
        "cpu", batch_size=BATCH, input_size=card.input_size, weights=weights_folder
    )
    engine = opened(weights_folder, card, place)
    batch = np.zeros((engine.part, card.input_size, card.input_size), np.uint8)
    for _ in range(len(list(folder.iterdir())) // len(batch)):
        engine.look(batch)


def usual(folder: Path, weights_folder: Path) -> None:
    """Decode an image with this reader, put it through the plain network, take the next."""
    import torch

    from screener.network.batch import to_input
    from screener.network.weights import load_network
    from screener.reading import pixels

    card, network = load_network(weights_folder)
    with torch.no_grad():
        for path in sorted(folder.iterdir()):
            square = torch.from_numpy(pixels.square(pixels.load(path), card.input_size))
            torch.softmax(network(to_input(square[None], card.mean, card.std)), dim=1)


def field(folder: Path, weights_folder: Path) -> None:
    """The same loop as it is usually written: pydicom's window, PIL's and torchvision's steps."""
    import torch
    from pydicom import dcmread
    from pydicom.pixels import apply_voi_lut
    from torchvision import transforms

    from screener.network.weights import load_network

    card, network = load_network(weights_folder)
    prepare = transforms.Compose(
        [
            transforms.Resize((card.input_size, card.input_size)),
            transforms.ToTensor(),
            transforms.Normalize(card.mean, card.std),
        ]
    )
    with torch.no_grad():
        for path in sorted(folder.iterdir()):
            dataset = dcmread(path)
            gray = apply_voi_lut(dataset.pixel_array, dataset).astype(np.float32)
            gray = (gray - gray.min()) / (gray.max() - gray.min())
            if dataset.PhotometricInterpretation == "MONOCHROME1":
                gray = 1 - gray
            image = Image.fromarray((255 * gray).astype(np.uint8)).convert("RGB")
            torch.softmax(network(prepare(image)[None]), dim=1)


PARTS: dict[str, Callable[..., object]] = {
    "decode": squares,
    "forward": forward,
    "usual": usual,
    "field": field,
}


def spent(*command: str | Path, silent: bool = True) -> tuple[float, float, float]:
    """Run a command; CPU seconds with all its descendants, wall seconds, peak memory in MB.

    Decoding workers outlive the scan by a moment and become children of this process (Linux).
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    began = time.perf_counter()
    out = subprocess.DEVNULL if silent else None
    process = subprocess.Popen([str(part) for part in command], stdout=out)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 3), command
    wall = time.perf_counter() - began
    cpu = usage.ru_utime + usage.ru_stime
    with suppress(ChildProcessError):
        while True:
            _, _, orphan = os.wait3(0)
            cpu += orphan.ru_utime + orphan.ru_stime
    return cpu, wall, usage.ru_maxrss / 1024


def scan(
    folder: Path, weights_folder: Path, *more: str, into: Path | None = None
) -> tuple[float, float, float]:
    """A whole scan into a results folder, a fresh one unless told, without the report."""
    program = "from screener.cli.main import main; main()"
    with tempfile.TemporaryDirectory() as fresh:
        return spent(
            sys.executable, "-c", program, "scan", folder, "-o", into or fresh, "--weights",
            weights_folder, "--device", "cpu", "--batch-size", str(BATCH), "--no-report", *more,
        )  # fmt: skip


def part(name: str, *arguments: Path) -> tuple[float, float, float]:
    """One of :data:`PARTS` as a process."""
    return spent(sys.executable, "-m", "benchmarks.scan", name, *arguments)


def measure_cpu(root: Path, number: int, name: str) -> None:
    """CPU seconds of a scan over the sum of its bare parts."""
    folder = films(root / "films", number)
    print("| input, px | decode alone, s | engine alone, s | scan, s | ratio |")
    print("|--:|--:|--:|--:|--:|")
    for size, card in both_sizes(root, name):
        decoding, network, whole = (
            min(measure()[0] for _ in range(2))
            for measure in (
                lambda card=card: part("decode", folder, card),
                lambda card=card: part("forward", folder, card),
                lambda card=card: scan(folder, card, "--no-guard", "--maps", "none"),
            )
        )
        cells = (decoding, network, whole)
        ratio = whole / (decoding + network)
        print(f"| {size} | {' | '.join(f'{s:.1f}' for s in cells)} | {ratio:.2f} |", flush=True)


def measure_wall(root: Path, number: int, name: str) -> None:
    """Wall time of a scan over that of both loops, in turns, at two input sizes."""
    folder = films(root / "films", number)
    print(
        "| input, px | scan, s | loop with this reader, s | times | as usually written, s | times |"
    )
    print("|--:|--:|--:|--:|--:|--:|")
    for size, card in both_sizes(root, name):
        options = ("--no-guard", "--maps", "none")
        turns = [
            (
                scan(folder, card, *options)[1],
                part("usual", folder, card)[1],
                part("field", folder, card)[1],
            )
            for _ in "12"
        ]
        whole, near, far = (min(times) for times in zip(*turns, strict=True))
        cells = (f"{whole:.1f}", f"{near:.1f}", f"{near / whole:.2f}")
        print(f"| {size} | {' | '.join(cells)} | {far:.1f} | {far / whole:.2f} |", flush=True)


def both_sizes(root: Path, name: str) -> Iterator[tuple[int, Path]]:
    """The weights at their own input size and at 224 pixels."""
    from screener.card import load_card
    from screener.network.weights import bundled

    for size in (load_card(bundled(name)).input_size, 224):
        yield size, weights(root / f"weights-{size}", name, size)


def measure_cold(root: Path, number: int, name: str) -> None:
    """A scan of a few films as a user waits for it: files of phantoms, everything on."""
    folder = films(root / "films", number)
    print(f"| {number} films | wall, s | CPU, s | peak of the scanning process, MB |")
    print("|---|--:|--:|--:|")
    for turn in range(1, 6):
        cpu, wall, peak = scan(folder, weights(root / "weights", name))
        print(f"| turn {turn} | {wall:.1f} | {cpu:.1f} | {peak:.0f} |", flush=True)


def measure_memory(root: Path, number: int, name: str) -> None:
    """Peak memory at ten times as many images."""
    card = weights(root / "weights", name)
    few, many = (thumbnails(root / str(n), n) for n in (number, 10 * number))
    options = ("--group", "file", "--no-guard")
    small, large = scan(few, card, *options)[2], scan(many, card, *options)[2]
    print("| peak of the scanning process, MB | |\n|---|--:|")
    print(f"| {number} images | {small:.0f} |\n| {10 * number} images | {large:.0f} |")
    print(f"| ratio (at most 1.1) | {large / small:.2f} |")


def all_in_priority(folder: Path, name: str) -> Path:
    """The bundled weights with limits of the bands that every score reaches."""
    from screener.card import load_card, save_card
    from screener.network.weights import bundled

    shutil.copytree(bundled(name), folder)
    save_card(folder, replace(load_card(folder), thresholds={"PRIORITY": 0.0, "ELEVATED": 0.0}))
    return folder


def measure_maps(root: Path, number: int, name: str) -> None:
    """CPU seconds of a scan in which every film gets a map, without maps and with each kind."""
    one, many, card = (
        films(root / "one", 1),
        films(root / "films", number + 1),
        all_in_priority(root / "weights", name),
    )
    print(f"| --maps | start-up, s | {number} films more, s | a film, ms | more |", flush=True)
    print("|---|--:|--:|--:|--:|", flush=True)
    bare = 0.0
    for kind in ("none", "fast", "proven"):
        begun, whole = (scan(of, card, "--no-guard", "--maps", kind)[0] for of in (one, many))
        spent = whole - begun
        bare = bare or spent
        cells = (f"{begun:.1f}", f"{spent:.1f}", f"{1000 * spent / number:.0f}")
        print(f"| {kind} | {' | '.join(cells)} | {spent / bare - 1:+.0%} |", flush=True)


MEASURES = {
    "cpu": (measure_cpu, 200),
    "wall": (measure_wall, 200),
    "cold": (measure_cold, 10),
    "memory": (measure_memory, 400),
    "maps": (measure_maps, 100),
}


def main() -> None:
    """Run one measurement, or one of the parts it needs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=[*MEASURES, *PARTS])
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--images", type=int)
    parser.add_argument("--weights", default="covid-lite")
    options = parser.parse_args()
    if options.what in PARTS:
        PARTS[options.what](*options.paths)
        return
    measure, number = MEASURES[options.what]
    with tempfile.TemporaryDirectory() as root:
        measure(Path(root), options.images or number, options.weights)


if __name__ == "__main__":
    main()
