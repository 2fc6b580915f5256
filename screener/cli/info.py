"""``screener info``: which device, weights and decoders a scan would use, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from screener import console
from screener.card import load_card
from screener.cli import options
from screener.quantities import AT_ONCE


@click.command()
@options.weights_option
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", help="To check."
)
@options.engine_option
@click.option("--batch-size", type=AT_ONCE, help="Radiographs at once.")
@click.option("--workers", type=AT_ONCE, help="Processes that decode.")
@click.option("--benchmark", is_flag=True, help="Time each engine, for 20 seconds.")
@options.json_option
def command(
    weights: str | None,
    device: str,
    engine: str,
    batch_size: int | None,
    workers: int | None,
    benchmark: bool,
    as_json: bool,
) -> None:
    """Say which device, weights and decoders a scan would use, and why."""
    from screener.network import device as devices
    from screener.network import lungs
    from screener.network.engine import timing
    from screener.network.engine.opening import opened
    from screener.network.weights import find, verify

    folder = find(weights, device)
    card = load_card(folder)
    chosen = devices.choose(
        device,
        batch_size=batch_size,
        workers=workers,
        input_size=card.input_size,
        engine=engine,
        weights=folder,
    )
    verify(folder)
    opened(folder, card, chosen)
    lungs.ready(chosen.engine)
    facts: dict[str, Any] = {
        "schema": 1,
        "device": asdict(chosen),
        "weights": {
            "name": card.name,
            "version": card.version,
            "digest": card.digest,
            "folder": str(folder),
        },
        "decoders": _decoders(),
    }
    if benchmark:
        facts["benchmark"] = [asdict(speed) for speed in timing.measure(folder, card, device)]
    if as_json:
        console.say(json.dumps(facts))
        return
    console.say(f"device    {chosen.describe()}")
    for reason in chosen.reasons:
        console.say(f"          {reason}")
    console.say(f"weights   {card.name} {card.version}, {card.digest}")
    console.say(f"          {folder}")
    for syntax, decoders in facts["decoders"].items():
        console.say(f"decodes   {syntax}: {', '.join(decoders) or 'no decoder installed'}")
    for speed in facts.get("benchmark", ()):
        what = ", ".join((speed["engine"], speed["device"], speed["arithmetic"]))
        console.say(f"speed     {speed['films_per_second']:.1f} films/s with {what}")
    if benchmark:
        console.say(f"          auto takes {devices.choose(device, weights=folder).engine}")


def _decoders() -> dict[str, list[str]]:
    """Names of the compressed transfer syntaxes and of the plug-ins that decode each."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import AllTransferSyntaxes

    from screener.reading import pixels  # noqa: F401  (registers a decoder)

    found = {}
    for syntax in AllTransferSyntaxes:
        try:
            decoder = get_decoder(syntax)
        except NotImplementedError:
            continue
        if decoder.is_encapsulated:
            found[syntax.name] = list(decoder.available_plugins)
    return found
