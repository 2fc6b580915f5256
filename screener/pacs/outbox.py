"""Objects that an archive does not have yet: files in a folder, tried again with growing pauses.

An object is in the folder before anything is sent, and goes when the archive has said that it has
it, or where it offers that, has committed itself to keep it: neither we nor the archive can lose
one by ending. Beside each lies what is known of the tries.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from screener.pacs.commitment import Report
from screener.pacs.sending import Sent
from screener.whole import replace_text

FIRST_PAUSE, LONGEST_PAUSE = 10.0, 3600.0
"""Seconds until an object is tried again; each failure doubles them."""

COMMITTED_WITHIN = 3600.0
"""Seconds that an archive has to say that it keeps an object, before it is sent again."""
MOST_ASKED = 3
"""Times that an object is sent to an archive which offers commitment and never gives it."""

Send = Callable[[Sequence[Path]], Iterator[Sent]]
"""Sends files, and says of each whether the archive has it."""


@dataclass(frozen=True, slots=True)
class Tries:
    """What is known of an object."""

    count: int = 0
    next_at: float = 0.0
    """Seconds since the epoch before which it is not tried."""
    failure: str = ""
    lasting: bool = False
    """Whether the archive will never take it: it stays, and is not tried again."""
    instance: str = ""
    """Its SOP instance UID, once the archive was asked to commit itself to keep it."""
    transaction: str = ""
    """Under which the archive will answer that; empty where nothing is open."""


class Outbox:
    """The objects in a folder, and those that were sent from it.

    Args:
        folder: made where it is missing.
        clock: seconds since the epoch.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._waiting, self._sent = folder / "outbox", folder / "sent"
        self._clock = clock
        for place in (self._waiting, self._sent):
            place.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, path: Path) -> bool:
        """Queue a file under a name that is the same for the same object; whether it is new."""
        place = self._waiting / f"{name}.dcm"
        if place.exists() or (self._sent / name).exists():
            return False
        try:
            os.link(path, place)
        except OSError:  # another file system, or none with links
            from screener.whole import replace_file

            replace_file(place, path.read_bytes())
        return True

    def waiting(self) -> dict[Path, Tries]:
        """What is not sent yet, oldest name first."""
        return {
            path: _read(path.with_suffix(".json")) for path in sorted(self._waiting.glob("*.dcm"))
        }

    def deliver(self, send: Send) -> list[Sent]:
        """Try what is due; says what became of it."""
        now = self._clock()
        known = self.waiting()
        due = [path for path, tries in known.items() if not tries.lasting and tries.next_at <= now]
        found = []
        for sent in send(due) if due else ():
            found.append(sent)
            before = known[sent.path]
            if sent.failure:
                self._again(sent, before)
            elif sent.transaction and before.count + 1 < MOST_ASKED:
                self._asked(sent, before)
            else:
                self._done(sent.path)
        return found

    def reported(self, report: Report) -> tuple[int, int]:
        """What an archive says of objects that it was to keep: how many it does, and does not."""
        kept = failed = 0
        for path, tries in self.waiting().items():
            if not tries.transaction or tries.transaction != report.transaction:
                continue
            if tries.instance in report.kept:
                self._done(path)
                kept += 1
            elif (reason := report.failed.get(tries.instance)) is not None:
                words = f"the archive does not keep it (reason {reason:04X})"
                self._again(Sent(path, words), Tries(tries.count))
                failed += 1
        return kept, failed

    def _done(self, path: Path) -> None:
        (self._sent / path.stem).touch()  # first: a second copy is recognised by the archive
        path.unlink()
        with suppress(FileNotFoundError):
            path.with_suffix(".json").unlink()

    def _asked(self, sent: Sent, before: Tries) -> None:
        until = self._clock() + COMMITTED_WITHIN
        tries = Tries(before.count + 1, until)
        asked = replace(tries, instance=sent.instance, transaction=sent.transaction)
        self._note(sent.path, asked)

    def _again(self, sent: Sent, before: Tries) -> None:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**before.count)
        tries = Tries(before.count + 1, self._clock() + pause, sent.failure, sent.lasting)
        self._note(sent.path, tries)

    @staticmethod
    def _note(path: Path, tries: Tries) -> None:
        replace_text(path.with_suffix(".json"), json.dumps(asdict(tries)))


def _read(path: Path) -> Tries:
    try:
        return Tries(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # never tried, or a note that tells nothing
        return Tries()
