"""``screener info``: which device, weights and decoders a scan would use, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from screener import console
from screener.cli import options


@click.command()
@options.weights_option
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", help="To check."
)
@click.option("--batch-size", type=options.AT_ONCE, help="Radiographs at once.")
@click.option("--workers", type=options.AT_ONCE, help="Processes that decode.")
@options.json_option
def command(
    weights: str | None,
    device: str,
    batch_size: int | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Say which device, weights and decoders a scan would use, and why."""
    from screener.network import device as devices
    from screener.network import lungs
    from screener.network.weights import find, verify

    folder = find(weights, device)
    card = verify(folder)
    lungs.ready()
    chosen = devices.choose(
        device, batch_size=batch_size, workers=workers, input_size=card.input_size
    )
    facts: dict[str, Any] = {
        "schema": 1,
        "device": {**asdict(chosen), "dtype": str(chosen.dtype)},
        "weights": {
            "name": card.name,
            "version": card.version,
            "digest": card.digest,
            "folder": str(folder),
        },
        "decoders": _decoders(),
    }
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
