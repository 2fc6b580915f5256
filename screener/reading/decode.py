"""Read and decode files in worker processes, each file bounded in time and memory.

A crash, a hang or a memory bomb costs its own file, which becomes a refusal. Only the small square
the network sees comes back. Workers never import torch: they start fast and stay small.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.context import BaseContext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from screener.digest import digest_of_file
from screener.reading import dicom, pixels
from screener.reading.folder import stamp
from screener.reading.grayscale import Floats
from screener.reading.inspect import inspect
from screener.reading.limits import PixelError
from screener.remote import near
from screener.study import MAX_PIXELS, Outcome, Radiograph, Refusal

BYTES_PER_PIXEL = 40
"""Memory that decoding one pixel may take, every intermediate array included."""

BASE_MEMORY = 2 << 30
"""Address space of a worker before it decodes anything, libraries and their threads included."""


CRASHED = "the decoder crashed on it"
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of malloc.h."""
KEPT = 128 << 20
"""Bytes that a worker keeps of those it has freed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How files are read, and what one of them may cost."""

    input_size: int = 224
    """Side of the square in pixels."""
    max_pixels: int = MAX_PIXELS
    seconds: float = 60.0
    """Wall time for one file; a refusal after that."""
    inspected: bool = True
    """Refuse what is plainly no radiograph."""

    @property
    def memory(self) -> int:
        """Bytes of address space of a worker."""
        return BASE_MEMORY + BYTES_PER_PIXEL * self.max_pixels


@dataclass(frozen=True, slots=True)
class Decoded:
    """One radiograph as the network is to see it."""

    radiograph: Radiograph
    digest: str
    """"sha256:..." of the file's bytes."""
    square: NDArray[np.uint8]
    """(S, S)"""
    milliseconds: float = 0.0
    """Spent on reading, decoding and looking at it."""


class Decoders:
    """Processes that decode, until they are closed; threads may share them."""

    def __init__(self, limits: Limits, workers: int) -> None:
        """Start none yet.

        Args:
            limits: how, and within which bounds.
            workers: number of processes.
        """
        self._limits, self._workers = limits, workers
        self._pool = processes(limits, workers)

    def decode(
        self, radiographs: Iterable[Radiograph], *, ahead: int
    ) -> Generator[Decoded | Refusal, None, None]:
        """Decode in parallel and hand on in the given order.

        Args:
            radiographs: what to decode.
            ahead: files decoded or waiting before the consumer asks for them.
        """
        queue, limits = iter(radiographs), self._limits
        waiting: deque[tuple[Radiograph, ProcessFuture[Decoded | Refusal]]] = deque()
        try:
            while True:
                for one in islice(queue, ahead + self._workers - len(waiting)):
                    task = self._pool.schedule(_guarded, (one, limits), timeout=limits.seconds)
                    waiting.append((one, task))
                if not waiting:
                    return
                yield _outcome(*waiting.popleft(), limits)
        finally:
            for _, task in waiting:
                task.cancel()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """End them, with what they have in work."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def decode_all(
    radiographs: Iterable[Radiograph], limits: Limits, *, workers: int, ahead: int
) -> Generator[Decoded | Refusal, None, None]:
    """As :meth:`Decoders.decode`, by processes that end with it."""
    with closing(Decoders(limits, workers)) as decoders:
        yield from decoders.decode(radiographs, ahead=ahead)


def gray_apart(path: Path, limits: Limits) -> Floats | str:
    """The pixels of one file, read in a process of its own, or why there are none.

    For whom a decoder must not take along: some end their process over damaged data.
    """
    with processes(limits, 1) as pool:
        task: Future[Floats | str] = pool.schedule(_gray, (path, limits), timeout=limits.seconds)
        try:
            return task.result()
        except TimeoutError:
            return f"decoding took longer than {limits.seconds:g} s"
        except ProcessExpired:
            return CRASHED


def _gray(path: Path, limits: Limits) -> Floats | str:
    try:
        return pixels.load(path, max_pixels=limits.max_pixels)
    except PixelError as error:
        return error.reason


def processes(limits: Limits, workers: int) -> ProcessPool:
    """Bounded processes, with the environment of now and not of when their server started.

    Among it is what lets us into an object store.
    """
    settings = (limits.memory, dict(os.environ))
    return ProcessPool(workers, initializer=_begin, initargs=settings, context=context())


def context() -> BaseContext:
    """Processes forked from a clean server, never from one with torch's threads in it."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["screener.reading.forked"])
    return server


def _begin(memory: int, environment: dict[str, str]) -> None:
    """Take over an environment, and limit the address space of this worker where the system can."""
    os.environ.clear()
    os.environ.update(environment)
    pixels.quiet_process()
    _keep_what_is_freed()
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _keep_what_is_freed() -> None:
    """Let one film's memory serve the next: to have it cleared anew is a third of a film's time.

    Where the C library is glibc; others have no such call.
    """
    with suppress(OSError, AttributeError, TypeError):  # no library, no call, no such name
        malloc = ctypes.CDLL(None).mallopt
        malloc(M_MMAP_THRESHOLD, 32 << 20)  # the most that it takes
        malloc(M_TRIM_THRESHOLD, KEPT)


def _outcome(
    radiograph: Radiograph, task: Future[Decoded | Refusal], limits: Limits
) -> Decoded | Refusal:
    try:
        return task.result()
    except TimeoutError:
        return _refuse(radiograph, f"decoding took longer than {limits.seconds:g} s (--timeout)")
    except ProcessExpired:
        return _refuse(radiograph, CRASHED)
    except BrokenProcessPool:
        raise  # no file's fault
    except Exception as error:  # noqa: BLE001  (of the pool; it concerns this file alone)
        return _unforeseen(radiograph, error)


def _guarded(radiograph: Radiograph, limits: Limits) -> Decoded | Refusal:
    """Decode one file; whatever is raised refuses this file and ends no scan."""
    try:
        return decode(radiograph, limits)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (decoders in Rust raise what is no Exception)
        return _unforeseen(radiograph, error)


def _unforeseen(radiograph: Radiograph, error: BaseException) -> Refusal:
    return _refuse(radiograph, f"it could not be read, for an unforeseen {type(error).__name__}")


def _refuse(radiograph: Radiograph, reason: str) -> Refusal:
    return Refusal(radiograph.path, Outcome.UNREADABLE, reason, radiograph.study_key)


def decode(radiograph: Radiograph, limits: Limits) -> Decoded | Refusal:
    """Decode one file in this process: its square, or why there is none."""
    path, began, digest = radiograph.path, time.perf_counter(), ""
    try:
        with near(path) as film:
            digest = digest_of_file(film)
            picture = pixels.picture(film, max_pixels=limits.max_pixels)
        if stamp(path.stat()) != radiograph.mtime_ns:
            return _refuse(radiograph, "it changed while it was being read; scan again")
        reason = inspect(picture) if limits.inspected else None
        if reason is not None:
            return Refusal(path, Outcome.UNSUITABLE, reason, radiograph.study_key, digest)
        square = pixels.square(picture.gray, limits.input_size)
    except PixelError as error:
        lasting = digest if error.outcome is Outcome.UNSUITABLE else ""
        return Refusal(path, error.outcome, error.reason, radiograph.study_key, lasting)
    except OSError as error:
        return _refuse(radiograph, f"cannot be read: {error.strerror or 'input/output error'}")
    except dicom.DAMAGED as error:
        return _refuse(radiograph, dicom.damage(error, "its pixels"))
    return Decoded(radiograph, digest, square, 1000 * (time.perf_counter() - began))
