"""Loaded by the server that worker processes are forked from, and by nothing else.

It has what a worker needs, so that starting one takes milliseconds. A worker that cannot start says
nothing: its pool tells of it where that matters, and it does not where the pool has ended meanwhile
because other workers were quicker.
"""

from __future__ import annotations

import sys

from screener.reading import decode  # noqa: F401 (which brings the decoders)

sys.excepthook = lambda *_: None
