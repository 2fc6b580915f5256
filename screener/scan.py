"""The whole pipeline as a generator of events: survey, decode, score, store.

The only place that joins the steps. A batch is stored before its events are told, so whatever
stops a scan costs at most the batch in work, and the same scan run again goes on from there. It
prints nothing, and loads an engine only once there is a scan to make.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from screener import levels
from screener.card import identity, load_card
from screener.cluster import Cluster
from screener.computing import Computing, Local, scorer
from screener.errors import DeviceLostError, NothingFoundError, WeightsError
from screener.events import (
    BatchScored,
    FilesCompared,
    FilesFound,
    RadiographRefused,
    Remarked,
    ScanEvent,
    ScanFinished,
    ScanStarted,
    StudyScored,
)
from screener.network import device
from screener.plan import Settings
from screener.reading import headers
from screener.reading.decode import Decoded
from screener.reading.gathered import Gathered, Member
from screener.reading.survey import Reader, survey
from screener.results import adapting, adoption, files, pseudonym
from screener.results.audit_log import AuditLog
from screener.results.beginning import undone_if_empty
from screener.results.open_studies import OpenStudies, Settled, complete
from screener.results.records import chunks
from screener.results.since import compared
from screener.results.store import Store
from screener.study import (
    Outcome,
    Radiograph,
    Refusal,
)

if TYPE_CHECKING:
    from screener.card import WeightsCard

STAGES = ("survey", "decode", "network", "store")
"""What the time of a scan goes into, in their order."""


def now() -> datetime:
    """The clock of a scan that is given no other."""
    return datetime.now().astimezone()


def scan(
    settings: Settings, stop: Callable[[], bool], clock: Callable[[], datetime] = now
) -> Generator[ScanEvent, None, None]:
    """Score every study below some folders and keep the results.

    Args:
        settings: what and how.
        stop: asked at every file; once true, the running batch is stored and the scan ends.
        clock: tells the time.

    Raises:
        WeightsError: the weights are missing or damaged.
        DeviceError: the device cannot be used.
        StoreError: the results cannot be written, or another scan is writing them.
    """
    card = load_card(settings.weights)
    if not card.thresholds:
        raise WeightsError(
            f"{settings.weights}: has no thresholds, so no study would get a band; "
            "run 'trainer calibrate'"
        )
    if settings.adapt:
        levels.reference(card)
    results = settings.results
    with undone_if_empty(results), Store.writing(results) as store, AuditLog(results) as audit:
        try:
            yield from _Scan(settings, store, audit, card, stop, clock).events()
        except DeviceLostError as lost:
            yield Remarked(f"{lost}; the scan begins again on the CPU")
            # from its beginning: results of two arithmetics stand in no list together
            instead = replace(settings, device="cpu")
            yield from _Scan(instead, store, audit, card, stop, clock).events()


def dry_run(
    settings: Settings, stop: Callable[[], bool], clock: Callable[[], datetime] = now
) -> Generator[ScanEvent, None, None]:
    """What a scan would read and what it would refuse by the headers; writes nothing."""
    began = clock()
    read = partial(headers.read_all, workers=settings.workers or device.readers())
    with closing((yield from _survey(settings, stop, read))) as found:
        yield from map(RadiographRefused, found.refusals)
        outcomes = Counter(refusal.outcome for refusal in found.refusals)
        yield _finished(found, outcomes, clock() - began, interrupted=stop())


def _survey(
    settings: Settings, stop: Callable[[], bool], read: Reader
) -> Generator[FilesFound, None, Gathered]:
    found = yield from survey(
        settings.folders,
        mode=settings.group,
        named=partial(pseudonym.study_key, key=pseudonym.load_key()),
        max_pixels=settings.max_pixels,
        read=read,
        ours=files.ours,
        not_yet=settings.not_yet,
        stop=stop,
    )
    if not found.found and not stop():
        found.close()
        folders = ", ".join(map(str, settings.folders))
        raise NothingFoundError(f"{folders}: no radiographs here; name the folder they are in")
    return found


def _finished(
    found: Gathered,
    outcomes: Counter[Outcome],
    took: timedelta,
    stages: Mapping[str, float] | None = None,
    *,
    interrupted: bool,
) -> ScanFinished:
    """The counts of a run; what was found and has no outcome was not attempted."""
    return ScanFinished(
        found=found.found,
        scored=outcomes[Outcome.SCORED],
        unsuitable=outcomes[Outcome.UNSUITABLE],
        unreadable=outcomes[Outcome.UNREADABLE],
        not_attempted=outcomes[Outcome.NOT_ATTEMPTED] + found.found - outcomes.total(),
        studies=found.number_of_studies,
        seconds=took.total_seconds(),
        interrupted=interrupted,
        stages=stages or {},
    )


class _Scan:
    """One run, from the survey to its end."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        audit: AuditLog,
        card: WeightsCard,
        stop: Callable[[], bool],
        clock: Callable[[], datetime],
    ) -> None:

        self.settings = settings
        self.store = store
        self.audit = audit
        self.card = card
        self.stop = stop
        self.clock = clock
        self.device = device.choose(
            settings.device,
            batch_size=settings.batch_size,
            workers=settings.workers,
            input_size=card.input_size,
            engine=settings.engine,
            weights=settings.weights,
        )
        identified = identity(card, settings.pipeline, self.device.arithmetic)
        self.key = (identified, settings.pipeline)
        self.outcomes: Counter[Outcome] = Counter()
        self.known = 0
        """Refusals that an earlier scan has made, too."""
        self.stages = dict.fromkeys(STAGES, 0.0)

    def events(self) -> Iterator[ScanEvent]:
        """The run. Everything is stored before it is told."""
        settings, began = self.settings, self.clock()
        yield ScanStarted(
            settings.folders,
            settings.results,
            self.card.name,
            self.card.digest,
            self.device.describe(),
        )
        with ExitStack() as closed:
            computing = closed.enter_context(self._computing())
            with self._during("survey"):
                found = yield from _survey(settings, self.stop, computing.read)
            closed.enter_context(closing(found))
            if not self.stop():
                run = self._record(found, began)
                beside = compared(self.store)
                yield FilesCompared(beside.new, beside.known, beside.gone)
                self.outcomes.update(refusal.outcome for refusal in found.refusals)
                yield from map(RadiographRefused, found.refusals)
                yield from self._score(computing, found)
                if not self.stop():
                    self._adapt()
                    with self._during("store"):
                        self.store.finish_run(run, self.clock(), skipped=found.skipped)
        took = self.clock() - began
        self.audit.timed(took.total_seconds(), self.stages)
        yield _finished(found, self.outcomes, took, self.stages, interrupted=self.stop())

    @contextmanager
    def _during(self, stage: str) -> Iterator[None]:
        """Add what is done within to the time of a stage."""
        began = self.clock()
        try:
            yield
        finally:
            self.stages[stage] += (self.clock() - began).total_seconds()

    @contextmanager
    def _computing(self) -> Iterator[Computing]:
        """What makes results, loaded: a cluster, or else this machine."""
        settings = self.settings
        thresholds = adoption.before_a_run(self.store.connection, *self.key)
        if settings.cluster:
            arithmetic = self.device.arithmetic
            with closing(Cluster(settings, arithmetic, thresholds, self.stop)) as cluster:
                yield cluster
            return
        yield Local(
            settings,
            self.device,
            scorer(settings, self.card, self.device, thresholds),
            input_size=self.card.input_size,
            stop=self.stop,
            known=self._same_content,
        )

    def _same_content(self, decoded: Decoded) -> Settled | None:
        """The result of an identical file under another name."""
        if self.settings.rescore:
            return None
        return self.store.known_content(decoded.radiograph, decoded.digest, *self.key)

    def _record(self, found: Gathered, began: datetime) -> int:
        """Store what was found before anything is scored: the worklist is complete from now.

        Studies that cannot be kept are refused. Returns the run.
        """
        with self._during("store"):
            self.store.add_weights(self.card, self.key[0])
            run = self.store.begin_run(
                self.settings.folders,
                self.key[0],
                device=self.device.describe(),
                pipeline=self.settings.pipeline,
                started_at=began,
                identify=self.settings.identify,
                options=self.settings.options,
            )
            self.store.expect(found.number_of_radiographs)
            found.refuse(self.store.put_studies(found.studies))
            self.known = found.refused
            for refusals in chunks(found.refusals):
                new = self.store.put_refusals(refusals)
                self._log(new)
                self.known -= len(new)
            self.store.close_walk(run.id)
            return run.id

    def _adapt(self) -> None:
        adopted = adapting.settle(self.store, self.card, self.clock(), wanted=self.settings.adapt)
        if adopted:
            self.audit.adopted(adopted.thresholds, adopted.source)

    def _log(
        self, results: Iterable[Settled], spent: Mapping[Path, Mapping[str, float]] | None = None
    ) -> None:
        spent = spent or {}
        for result in results:
            if isinstance(result, Refusal):
                self.audit.file(
                    result.path,
                    result.outcome,
                    digest=result.digest,
                    reason=result.reason,
                    milliseconds=spent.get(result.path),
                )
            else:
                self.audit.file(
                    result.radiograph.path,
                    Outcome.SCORED,
                    digest=result.digest,
                    weights_digest=self.card.digest,
                    milliseconds=spent.get(result.radiograph.path),
                )

    def _score(self, computing: Computing, found: Gathered) -> Iterator[ScanEvent]:
        """Take what the store knows, then batch by batch what it does not."""
        total = found.number_of_radiographs
        with self._during("store"):
            reused = yield from self._reuse(found)
        self.audit.known(self.known + reused)
        done = reused
        yield BatchScored(done, total, reused, 0.0)
        began, studies = self.clock(), OpenStudies()
        for part in computing.results(self._unknown(found, studies)):
            for stage, seconds in part.seconds.items():
                self.stages[stage] += seconds
            with self._during("store"):
                self.store.put_scores(part.results, *self.key)
                self._log(part.results, part.milliseconds)
            yield from map(Remarked, part.remarks)
            for result in part.results:
                yield from self._told(result)
                if study := studies.settle(result):
                    yield StudyScored(study)
            done += len(part.results)
            seconds = (self.clock() - began).total_seconds()
            yield BatchScored(done, total, reused, (done - reused) / max(seconds, 1e-6))

    def _reuse(self, found: Gathered) -> Generator[ScanEvent, None, int]:
        """Tell the results of earlier runs, and put off the studies that lack one.

        Returns the number of radiographs that have a result.
        """
        reused = 0
        for members, known in self._with_known(found.members()):
            lacking: list[int] = []
            for number, study, refusals in members:
                own = [known[one.path] for one in study.radiographs if one.path in known]
                for result in own:
                    yield from self._told(result)
                if len(own) == len(study.radiographs):
                    yield StudyScored(complete(study, [*refusals, *own]))
                else:
                    lacking.append(number)
                reused += len(own)
            found.put_off(lacking)
        return reused

    def _unknown(self, found: Gathered, studies: OpenStudies) -> Iterator[Radiograph]:
        """The radiographs that have no result yet; their studies are opened on the way."""
        for members, known in self._with_known(found.members(pending=True)):
            for _, study, refusals in members:
                own = [known[one.path] for one in study.radiographs if one.path in known]
                studies.open(study, refusals, own)
                yield from (one for one in study.radiographs if one.path not in known)

    def _with_known(
        self, members: Iterable[Member]
    ) -> Iterator[tuple[list[Member], Mapping[Path, Settled]]]:
        """Some studies at a time, and the results of earlier runs for their radiographs."""
        for chunk in chunks(members):
            if self.settings.rescore:
                yield chunk, {}
                continue
            radiographs = (one for member in chunk for one in member.study.radiographs)
            yield chunk, self.store.known(radiographs, *self.key)

    def _told(self, result: Settled) -> Iterator[ScanEvent]:
        """Count a result that is stored; a refusal is told at once, a score with its study."""
        if isinstance(result, Refusal):
            self.outcomes[result.outcome] += 1
            yield RadiographRefused(result)
        else:
            self.outcomes[Outcome.SCORED] += 1
