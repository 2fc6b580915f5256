"""What a scan is told: which folders, into where, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from screener.network import weights
from screener.reading import pixels
from screener.reading.folder import NotYet, all_written
from screener.reading.grouping import GroupBy
from screener.results.identity import Identify
from screener.study import MAX_PIXELS, Maps, Option


@dataclass(frozen=True, slots=True)
class Settings:
    """What to scan, into where, and how."""

    folders: tuple[Path, ...]
    results: Path
    weights: Path = field(default_factory=weights.find)
    device: str = "auto"
    engine: str = "auto"
    batch_size: int | None = None
    workers: int | None = None
    group: GroupBy = GroupBy.AUTO
    identify: Identify = "none"
    rescore: bool = False
    """Score again what the store already knows."""
    views: int = 1
    """Views of each radiograph that are averaged; 1 is the radiograph alone."""
    maps: Maps = Maps.PROVEN
    """Which maps to make; they change no score."""
    guarded: bool = True
    """Refuse what is no chest radiograph by its pixels."""
    fix_inverted: bool = False
    """Score what looks like a negative as its positive."""
    adapt: bool = False
    """Move the thresholds to the level of this scan's scores; changes no score."""
    max_pixels: int = MAX_PIXELS
    seconds: float = 60.0
    """Longest time that one file may take to decode."""
    cluster: str = ""
    """Where to compute: "local", "auto" or HOST:PORT of Ray; "" for this machine alone."""
    not_yet: NotYet = all_written
    """Which files are still being written, and left for a later scan."""

    @property
    def pipeline(self) -> str:
        """The pixel path's version and every setting that changes a result: part of its key."""
        changes = {
            "no-guard": not self.guarded,
            "fix-inverted": self.fix_inverted,
            f"tta{self.views}": self.views > 1,
        }
        return "+".join([pixels.PIPELINE, *(name for name, is_on in changes.items() if is_on)])

    @property
    def options(self) -> dict[str, Option]:
        """The command's options that the same scan of the same folders needs again."""
        return {
            "weights": str(self.weights.absolute()),
            "device": self.device,
            "engine": self.engine,
            "group": str(self.group),
            "identify": self.identify,
            "tta": self.views,
            "no-guard": not self.guarded,
            "fix-inverted": self.fix_inverted,
            "maps": str(self.maps),
            "adapt": self.adapt,
            "max-pixels": self.max_pixels,
            "timeout": self.seconds,
            **({"cluster": self.cluster} if self.cluster else {}),
        }
