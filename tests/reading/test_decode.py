"""Files are decoded in workers, in order, and a bad one costs only itself."""

import os
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from pydicom import uid

from screener.card import IMAGENET_MEAN, IMAGENET_STD
from screener.digest import digest_of_file
from screener.network.batch import to_input
from screener.reading import decode, folder, header, pixels
from screener.reading.decode import Decoded, Decoders, Limits, decode_all
from screener.study import Outcome, Refusal
from tests import dicoms
from tests.conftest import posix_only

LIMITS = Limits(input_size=32)


@pytest.fixture
def films(phantoms):
    found = [one for one in folder.walk([phantoms]) if isinstance(one, folder.FoundFile)]
    read = [header.read(one) for one in found]
    return [one for one in read if not isinstance(one, Refusal)]


def test_results_come_in_the_order_of_the_files(films):
    results = list(decode_all(films, LIMITS, workers=2, ahead=3))
    paths = [one.path if isinstance(one, Refusal) else one.radiograph.path for one in results]
    assert paths == [one.path for one in films]


def test_the_damaged_phantom_is_refused_and_tried_again_later(films):
    (damaged,) = [one for one in films if "12-damaged" in str(one.path)]
    refusal = decode.decode(damaged, LIMITS)
    assert (refusal.outcome, refusal.digest) == (Outcome.UNREADABLE, "")
    assert refusal.study_key == damaged.study_key


def test_digest_and_square_are_those_of_the_file(films):
    decoded = decode.decode(films[0], LIMITS)
    assert decoded.digest == digest_of_file(films[0].path)
    assert (decoded.square == pixels.square(pixels.load(films[0].path), 32)).all()


def test_the_screener_sees_the_tensor_the_trainer_sees(films):
    """The trainer decodes in its own process, the screener in a worker."""
    path = films[0].path
    squares = np.stack([pixels.square(pixels.load(path), 32)])
    trainer = to_input(torch.from_numpy(squares), IMAGENET_MEAN, IMAGENET_STD)
    (decoded,) = decode_all(films[:1], LIMITS, workers=1, ahead=1)
    screener = to_input(torch.from_numpy(decoded.square[None]), IMAGENET_MEAN, IMAGENET_STD)
    assert torch.equal(trainer, screener)


def make_png(path, films):
    Image.fromarray(np.full((300, 300), 128, np.uint8)).save(path)
    status = path.stat()
    return replace(films[0], path=path, size=status.st_size, mtime_ns=status.st_mtime_ns)


def test_what_is_plainly_no_radiograph_is_refused_for_good(films, tmp_path):
    refusal = decode.decode(make_png(tmp_path / "gray.png", films), LIMITS)
    assert refusal.outcome is Outcome.UNSUITABLE
    assert refusal.digest == digest_of_file(tmp_path / "gray.png")


def test_without_inspection_it_is_decoded(films, tmp_path):
    gray = make_png(tmp_path / "gray.png", films)
    assert isinstance(decode.decode(gray, replace(LIMITS, inspected=False)), Decoded)


def test_a_file_that_vanished_is_refused(films, tmp_path):
    refusal = decode.decode(replace(films[0], path=tmp_path / "gone.dcm"), LIMITS)
    assert refusal.outcome is Outcome.UNREADABLE


def test_a_file_that_changed_since_the_walk_is_refused(films):
    refusal = decode.decode(replace(films[0], mtime_ns=1), LIMITS)
    assert "changed" in refusal.reason


def fatal(path):
    """A JPEG without its tables, over which GDCM ends the process."""
    values = dicoms.film(bits=12)
    plain = dicoms.write(path.with_name("plain"), values, bits=12)
    whole = dicoms.transcode(plain, path.with_name("whole"), uid.JPEGLosslessSV1)
    stream = dicoms.stream_of(whole).replace(b"\xff\xc4", b"\xc6\x94", 1)
    return dicoms.wrap(path, stream, values, syntax=uid.JPEGLosslessSV1, bits=12)


@posix_only
def test_a_file_over_which_a_decoder_dies_costs_only_itself(films, tmp_path):
    path = fatal(tmp_path / "a.dcm")
    killing = replace(films[0], path=path, mtime_ns=path.stat().st_mtime_ns)
    first, last = decode_all([killing, films[0]], LIMITS, workers=1, ahead=2)
    assert first.reason == decode.CRASHED
    assert isinstance(last, Decoded)


@posix_only
def test_decoders_go_on_after_a_death_and_after_somebody_who_did_not_wait(films, tmp_path):
    """The same processes serve several callers, two at once, until they are closed."""
    path = fatal(tmp_path / "a.dcm")
    killing = replace(films[0], path=path, mtime_ns=path.stat().st_mtime_ns)
    alone = [decode.decode(one, LIMITS) for one in films]
    with closing(Decoders(LIMITS, 2)) as decoders:
        assert next(decoders.decode([killing], ahead=2)).reason == decode.CRASHED
        hasty = decoders.decode(films, ahead=len(films))
        next(hasty)
        hasty.close()
        with ThreadPoolExecutor(2) as two:
            both = list(two.map(lambda _: list(decoders.decode(films, ahead=2)), "12"))
    for found in both:
        assert [getattr(one, "digest", "") for one in found] == [one.digest for one in alone]
        assert [type(one) for one in found] == [type(one) for one in alone]


def test_decoders_start_no_process_for_each_call(films, monkeypatch):
    started, make = [], decode.context().Process

    class Counting(type(decode.context())):
        def Process(self, *args, **options):  # noqa: N802 (as multiprocessing has it)
            started.append(options)
            return make(*args, **options)

    monkeypatch.setattr(decode, "context", Counting)
    with closing(Decoders(LIMITS, 1)) as decoders:
        for film in films[:3]:
            list(decoders.decode([film], ahead=1))
    assert len(started) == 1


def test_processes_have_the_environment_of_their_caller(monkeypatch):
    """Also where others were started before: as in a notebook that asks for its keys late."""
    for said in ("first", "second"):
        monkeypatch.setenv("SCREENER_TEST_ENVIRONMENT", said)
        with decode.processes(LIMITS, 1) as pool:
            task = pool.schedule(os.getenv, ("SCREENER_TEST_ENVIRONMENT",))
            assert task.result() == said
    monkeypatch.delenv("SCREENER_TEST_ENVIRONMENT")
    with decode.processes(LIMITS, 1) as pool:
        assert pool.schedule(os.getenv, ("SCREENER_TEST_ENVIRONMENT",)).result() is None


@posix_only
def test_apart_a_decoder_takes_nobody_along(films, tmp_path):
    assert decode.gray_apart(fatal(tmp_path / "a.dcm"), LIMITS) == decode.CRASHED
    gray = decode.gray_apart(films[0].path, LIMITS)
    np.testing.assert_array_equal(gray, pixels.load(films[0].path))
    (damaged,) = [one for one in films if "12-damaged" in str(one.path)]
    assert "damaged or cut short" in decode.gray_apart(damaged.path, LIMITS)
    assert "no longer there" in decode.gray_apart(tmp_path / "gone", LIMITS)


@posix_only
def test_apart_reading_ends_in_time(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    said = decode.gray_apart(tmp_path / "pipe", replace(LIMITS, seconds=2))
    assert said == "decoding took longer than 2 s"


UNSTARTABLE = """
from screener.reading.decode import context

class Gone:
    def __reduce__(self):
        return open, ("/nowhere",)

if __name__ == "__main__":
    process = context().Process(target=print, args=(Gone(),))
    process.start()
    process.join()
    print("ended with", process.exitcode)
"""


@posix_only
def test_a_worker_that_comes_too_late_to_start_says_nothing(tmp_path):
    (tmp_path / "late.py").write_text(UNSTARTABLE)
    ran = subprocess.run(
        [sys.executable, "late.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    assert re.fullmatch(r"ended with [1-9]\d*\n", ran.stdout)


@posix_only
def test_a_file_that_takes_too_long_costs_only_itself(films, tmp_path):
    """Opening a pipe that nobody writes to never ends."""
    os.mkfifo(tmp_path / "pipe")
    stuck = replace(films[0], path=tmp_path / "pipe")
    first, last = decode_all([stuck, films[0]], replace(LIMITS, seconds=2), workers=1, ahead=2)
    assert "longer than 2 s" in first.reason
    assert isinstance(last, Decoded)


def test_a_file_that_takes_too_much_memory_is_refused(films, tmp_path, monkeypatch):
    path = tmp_path / "vast.png"
    Image.new("L", (12_000, 12_000)).save(path)
    vast = replace(films[0], path=path, mtime_ns=path.stat().st_mtime_ns)
    monkeypatch.setattr(decode, "BASE_MEMORY", 1 << 30)
    monkeypatch.setattr(decode, "BYTES_PER_PIXEL", 1)
    limits = replace(LIMITS, max_pixels=200_000_000)
    first, last = decode_all([vast, films[0]], limits, workers=1, ahead=2)
    assert first.outcome is Outcome.UNREADABLE
    assert "more memory than there is" in first.reason
    assert isinstance(last, Decoded)


class KeyboardJam(BaseException):
    """Not even an Exception, as what decoders in Rust raise."""


class Odd:
    """A path that fails as no path does."""

    def open(self, *_):
        raise KeyboardJam


def test_whatever_a_worker_raises_refuses_that_file_alone(films):
    first, last = decode_all([replace(films[0], path=Odd()), films[0]], LIMITS, workers=1, ahead=2)
    assert first.outcome is Outcome.UNREADABLE
    assert first.reason == "it could not be read, for an unforeseen KeyboardJam"
    assert isinstance(last, Decoded)


def test_a_picture_that_cannot_be_looked_at_costs_only_itself(films, monkeypatch):
    def fail(_):
        raise ValueError

    monkeypatch.setattr(decode, "inspect", fail)
    refusal = decode.decode(films[0], LIMITS)
    assert (refusal.outcome, refusal.reason) == (
        Outcome.UNREADABLE, "its pixels are damaged or cut short",
    )  # fmt: skip


def test_a_file_of_the_far_future_is_decoded(films, tmp_path):
    """Its time of change in nanoseconds takes more than 64 bits."""
    path = tmp_path / "a.dcm"
    path.write_bytes(films[0].path.read_bytes())
    os.utime(path, (1.1e10, 1.1e10))
    (found,) = folder.walk([path])
    assert found.mtime_ns < 1 << 63
    assert isinstance(decode.decode(header.read(found), LIMITS), Decoded)


def test_workers_load_no_torch():
    code = "import sys, screener.reading.decode; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


FAULTS = """
import resource, sys
import numpy as np
from screener.reading import decode
if sys.argv[1] == "kept":
    decode._keep_what_is_freed()
for _ in range(20):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(2_000_000, np.float32), np.ones(4_000_000, np.uint16)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_one_films_memory_serves_the_next():
    """Page faults of films after the first."""

    def faults(how):
        line = [sys.executable, "-c", FAULTS, how]
        # without huge pages, of which a fault brings 512
        alone = {**os.environ, "NUMPY_MADVISE_HUGEPAGE": "0"}
        done = subprocess.run(line, check=True, capture_output=True, text=True, env=alone)
        return int(done.stdout)

    assert faults("kept") < 100
    assert faults("plain") > 1000
