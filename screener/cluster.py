"""The same computing on Ray: a cluster's cores and GPUs make results, this machine keeps them.

Workers decode and compute as a scan of one machine does, so that the same files have the same
scores. What a worker had when it died is given to another; what they die of alone is refused. The
network's weights travel with the work, films do not: each node reads them where they are named.
Needs the extra ``cluster``.
"""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from screener import __version__
from screener.card import load_card
from screener.computing import Done, Local, limits_of, scorer
from screener.errors import ConfigurationError, DeviceError, ScreenerError
from screener.network import device
from screener.reading import headers
from screener.reading.decode import CRASHED, Decoded, Decoders, Limits
from screener.reading.folder import Listed
from screener.results.records import chunks
from screener.study import Outcome, Radiograph, RadiographScore, Refusal

if TYPE_CHECKING:
    from screener.network.score import Scorer
    from screener.plan import Settings

PART = 16
"""Radiographs that a worker is given at a time."""
AHEAD = 2
"""Parts that each worker has: one is decoded while the other is in the network."""
TIMES_ALONE = 3
"""Failures of a single radiograph, alone on a worker, after which it is refused."""
SECONDS = 10.0
"""Until a cluster that does not answer counts as not there."""
TOKEN = "~/.ray/auth_token"  # noqa: S105 (where it is)
"""Where Ray keeps the token of its clusters."""
PULSE = 0.5
"""Seconds between two questions whether to stop."""


@dataclass(frozen=True, slots=True)
class _Node:
    """What a worker says of the machine it is on."""

    name: str
    version: str
    arithmetic: str
    missing: tuple[str, ...]
    """Folders of the scan that are not there."""


class Worker:
    """One share of a cluster: decodes in a process of its own, and computes."""

    def __init__(
        self,
        settings: Settings,
        contents: list[Any],
        thresholds: Mapping[str, float] | None,
        cores: int,
    ) -> None:
        """Load what travelled here.

        Args:
            settings: of the scan.
            contents: where the cluster has the files of its weights, by their names.
            thresholds: of the bands whose radiographs get a map.
            cores: processes that decode.
        """
        import ray

        self._folder = tempfile.TemporaryDirectory()
        weights = Path(self._folder.name)
        for name, content in ray.get(contents[0]).items():
            (weights / name).write_bytes(content)
        self._settings = settings = replace(settings, weights=weights)
        card = load_card(weights)
        self._place = device.choose(
            settings.device,
            batch_size=PART,
            workers=cores,
            input_size=card.input_size,
            engine=settings.engine,
            weights=weights,
        )
        self._input_size = card.input_size
        self._scorer = _InTurn(scorer(settings, card, self._place, thresholds))
        self._decoders = Decoders(limits_of(settings, card.input_size), cores)

    def node(self) -> _Node:
        """Where it is, and what of the scan is not there."""
        missing = tuple(str(one) for one in self._settings.folders if not one.exists())
        return _Node(os.uname().nodename, __version__, self._place.arithmetic, missing)

    def results(self, radiographs: Sequence[Radiograph]) -> list[Done]:
        """A result for each, as on one machine; of two calls at once one decodes meanwhile."""
        local = Local(
            self._settings,
            self._place,
            self._scorer,
            input_size=self._input_size,
            stop=bool,
            known=lambda _: None,
            decoders=self._decoders,
        )
        return list(local.results(radiographs))


class _InTurn:
    """A scorer that several threads share."""

    def __init__(self, loaded: Scorer) -> None:
        self._loaded, self._turn = loaded, Lock()

    def score(self, batch: Sequence[Decoded]) -> list[RadiographScore | Refusal]:
        """A score or a refusal for each, once the batch before has its own."""
        with self._turn:
            return self._loaded.score(batch)

    def remarks(self) -> list[str]:
        """What the user should know since it was last asked."""
        with self._turn:
            return self._loaded.remarks()


@dataclass(slots=True)
class _Part:
    """Some radiographs that are to be computed."""

    radiographs: Sequence[Radiograph]
    failures: int = 0
    """How often their worker died; once it has, they are computed with no other part waiting."""


class Cluster:
    """Workers on a cluster, which end when it is closed."""

    def __init__(
        self,
        settings: Settings,
        arithmetic: str,
        thresholds: Mapping[str, float] | None,
        stop: Callable[[], bool],
    ) -> None:
        """Connect, start a worker for each GPU or else each core, and see that all fit.

        Args:
            settings: of the scan; ``cluster`` is "local", "auto" or HOST:PORT.
            arithmetic: that the results' key names.
            thresholds: of the bands whose radiographs get a map.
            stop: once true, no more is begun.

        Raises:
            ConfigurationError: Ray is not installed, or a node differs from this one or lacks a
                folder.
            DeviceError: there is no such cluster, or it has no room for a worker.
        """
        self._ray = _connected(settings.cluster)
        self._stop = stop
        told_of = self._ray.exceptions
        self._deaths = (
            told_of.RayActorError,
            told_of.WorkerCrashedError,
            told_of.NodeDiedError,
            told_of.ObjectLostError,
            told_of.OutOfMemoryError,
        )
        """How Ray tells that a worker ended, or its node."""
        number, share = _shares(self._ray.nodes(), on_gpu=settings.device != "cpu")
        if not number:
            raise DeviceError(f"the cluster {settings.cluster} has no free core; start a node")
        made = self._ray.remote(**share, max_restarts=-1, max_concurrency=AHEAD)(Worker)
        self._asked: dict[int, Any] = {}
        """Of workers that died, whether they are there again."""
        told = replace(settings, folders=tuple(one.absolute() for one in settings.folders))
        self._workers: list[Any] = []
        try:
            # one copy for all workers of a node; held here, for a worker may have to start again
            self._contents = [self._ray.put(_contents(settings.weights))]
            self._workers += [
                made.remote(told, self._contents, thresholds, max(share["num_cpus"], 1))
                for _ in range(number)
            ]
            self._check(arithmetic)
        except self._ray.exceptions.ObjectStoreFullError:
            self.close()
            raise DeviceError(
                "no room for the weights in the cluster's object store; end what fills it, or "
                "start its nodes with more --object-store-memory"
            ) from None
        except self._ray.exceptions.RayError as error:
            self.close()
            fact = str(error).strip().rpartition("\n")[2]
            raise DeviceError(f"a worker of the cluster cannot start: {fact}") from None
        except BaseException:
            self.close()
            raise

    def _check(self, arithmetic: str) -> None:
        for node in self._ray.get([worker.node.remote() for worker in self._workers]):
            if node.version != __version__:
                fact = f"has version {node.version}, this machine {__version__}; install the same"
            elif node.arithmetic != arithmetic:
                fact = f"computes in {node.arithmetic}, this machine in {arithmetic}; set --engine"
            elif node.missing:
                fact = f"does not see {node.missing[0]}; mount it there under the same name"
            else:
                continue
            raise ConfigurationError(f"node {node.name} of the cluster: {fact}")

    def close(self) -> None:
        """End the workers, and leave the cluster."""
        for worker in self._workers:
            self._ray.kill(worker)
        self._ray.shutdown()

    def read(self, listed: Iterable[Listed], limits: Limits) -> Iterator[headers.Read]:
        """As :class:`screener.computing.Computing` says; a handful of files is a task."""
        # for no core of their own: the workers have them all, and nothing to do yet
        spread = {"num_cpus": 0, "max_retries": 0, "scheduling_strategy": "SPREAD"}
        task = self._ray.remote(**spread)(headers.read_handful)
        queue, waiting = iter(listed), deque[tuple[list[Listed], Any]]()
        handful = list(islice(queue, headers.HANDFUL))
        while handful or waiting:
            if handful:
                waiting.append((handful, task.remote(handful, limits)))
                handful = list(islice(queue, headers.HANDFUL))
            if len(waiting) > AHEAD * len(self._workers) or not handful:
                yield from self._has_read(*waiting.popleft(), task, limits)

    def _has_read(
        self,
        handful: list[Listed],
        running: object,
        task: Any,  # noqa: ANN401 (a function of Ray)
        limits: Limits,
    ) -> Iterator[headers.Read]:
        """What a task has read; where it died, file by file."""
        try:
            yield from self._ray.get(running)
        except self._ray.exceptions.RayError:
            for one in handful:
                try:
                    yield from self._ray.get(task.remote([one], limits))
                except self._ray.exceptions.RayError:
                    yield headers.ended(one)

    def results(self, radiographs: Iterable[Radiograph]) -> Iterator[Done]:
        """As :class:`screener.computing.Computing` says; parts come as they are done.

        Raises:
            DeviceError: the cluster is gone.
        """
        queue = iter(radiographs)
        waiting: deque[_Part] = deque()
        running: dict[Any, tuple[int, _Part]] = {}
        began = time.perf_counter()
        while not self._stop():
            wanted = AHEAD * len(self._workers) - len(running) - len(waiting)
            waiting.extend(_Part(part) for part in islice(chunks(queue, PART), max(0, wanted)))
            if not waiting and not running:
                return
            self._give(waiting, running)
            if not running:  # all are starting again
                time.sleep(PULSE)
                continue
            # one at least, and what has ended meanwhile: where many end, they are stored together
            self._ray.wait(list(running), timeout=PULSE)
            ended, _ = self._ray.wait(list(running), num_returns=len(running), timeout=0)
            taken: list[Done] = []
            for task in ended:
                number, part = running.pop(task)
                taken += self._taken(task, number, part, waiting)
            if taken:
                yield _together(taken, time.perf_counter() - began)
                began = time.perf_counter()

    def _give(self, waiting: deque[_Part], running: dict[Any, tuple[int, _Part]]) -> None:
        """Give each worker what it may have; who died with others is computed alone."""
        for number, worker in enumerate(self._workers):
            if not self._is_up(number):
                continue
            has = [part for at, part in running.values() if at == number]
            while waiting and not any(part.failures for part in has):
                if len(has) >= (1 if waiting[0].failures else AHEAD):
                    break
                part = waiting.popleft()
                running[worker.results.remote(part.radiographs)] = number, part
                has.append(part)

    def _is_up(self, number: int) -> bool:
        """Whether a worker that died has started again: until then all it is given fails."""
        if number not in self._asked:
            return True
        answered, _ = self._ray.wait([self._asked[number]], timeout=0)
        if not answered:
            return False
        try:
            self._ray.get(self._asked.pop(number))
        except self._deaths:
            self._asked[number] = self._workers[number].node.remote()
            return False
        return True

    def _taken(
        self, task: object, number: int, part: _Part, waiting: deque[_Part]
    ) -> Iterator[Done]:
        """What a worker made of a part; one that it died of is tried again, first of all."""
        try:
            yield from self._ray.get(task)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, ScreenerError):
                raise error.cause from None
            raise  # a mistake of ours, not of a machine
        except self._deaths:
            self._asked[number] = self._workers[number].node.remote()
            part.failures += 1
            if len(part.radiographs) > 1 and part.failures > 1:
                waiting.extendleft(_Part([one], 1) for one in part.radiographs)
            elif part.failures > TIMES_ALONE:
                (one,) = part.radiographs
                refused = Refusal(one.path, Outcome.UNREADABLE, CRASHED, one.study_key)
                yield Done([refused], {}, {})
            else:
                waiting.appendleft(part)
        except self._ray.exceptions.RayError as error:
            kind = type(error).__name__
            raise DeviceError(f"the cluster is gone ({kind}); the same command goes on") from None


def _together(taken: Sequence[Done], waited: float) -> Done:
    """What several workers made, as one."""
    return Done(
        [result for done in taken for result in done.results],
        {path: spent for done in taken for path, spent in done.milliseconds.items()},
        {"network": waited},
        list(dict.fromkeys(remark for done in taken for remark in done.remarks)),
    )


def _shares(nodes: Iterable[Mapping[str, Any]], *, on_gpu: bool) -> tuple[int, dict[str, int]]:
    """How many workers there may be, and what each of them takes: a GPU with its cores, or a core.

    Args:
        nodes: of the cluster, as Ray lists them.
        on_gpu: take GPUs where there are any.
    """
    has = [
        [int(node["Resources"].get(kind, 0)) for kind in ("CPU", "GPU")]
        for node in nodes
        if node["Alive"]
    ]
    gpus = sum(own for _, own in has)
    if gpus and on_gpu:
        cores = min(cpus // own for cpus, own in has if own)
        return gpus, {"num_gpus": 1, "num_cpus": cores}
    return sum(cpus for cpus, _ in has), {"num_cpus": 1}


def _connected(address: str) -> Any:  # noqa: ANN401 (a module that need not be there)
    """Ray, connected to a cluster.

    Raises:
        ConfigurationError: it is not installed.
        DeviceError: there is no such cluster, or it is of another version.
    """
    if find_spec("ray") is None:
        raise ConfigurationError(
            "--cluster needs one more package: pip install 'covid-resnet-screener[cluster]'"
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    # its core warns on our screen that restarted workers need the weights, which are held for them
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    if _has_token():  # which Ray itself does not look for where it is told an address
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    import ray

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if address == "local":
        options |= {"num_cpus": device.cores(), "include_dashboard": False}
    else:
        _knock(address)
        options |= {"address": address}
    try:
        with _without_stderr():  # its core tells there that it was told how much to tell
            ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        fact, cure = str(error).partition("\n")[0], "start it with 'ray start'"
        if "token" in f"{error} {error.__cause__}":
            cure = f"if it asks for a token, copy that of its head: {TOKEN}"
        raise DeviceError(f"--cluster {address}: {fact}; {cure}") from None
    return ray


def _has_token() -> bool:
    """Whether there is a token for clusters that ask for one; others let it pass."""
    names = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
    return any(map(os.environ.get, names)) or Path(TOKEN).expanduser().is_file()


@contextmanager
def _without_stderr() -> Iterator[None]:
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _knock(address: str) -> None:
    """Ray itself would wait for minutes where nobody is.

    Raises:
        DeviceError: nobody is at the address, or it is none.
    """
    host, _, port = address.rpartition(":")
    if address == "auto":
        return
    try:
        socket.create_connection((host, int(port)), timeout=SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        fact = getattr(error, "strerror", None) or "not HOST:PORT, or no answer"
        raise DeviceError(f"--cluster {address}: {fact}; start it with 'ray start'") from None


def _contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder of weights by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
