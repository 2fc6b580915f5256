"""Results as a program reads them."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import screener
from sample_data.results import build_results
from screener.errors import StoreNotFoundError
from screener.results.store import Store
from screener.results.worklist import Worklist


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("results"), studies=24)


@pytest.fixture
def results(folder):
    with screener.results(folder) as results:
        yield results


def test_studies_are_those_of_the_worklist(results, folder):
    with Store.reading(folder) as store:
        assert list(results.studies()) == list(Worklist(store).rows())


def test_the_radiographs_of_a_study_are_given_by_its_rank(results):
    first = next(row for row in results.studies() if row.rank == 1)
    of_study = list(results.radiographs("1"))
    assert len(of_study) == first.radiographs
    assert all(one in list(results.radiographs()) for one in of_study)


def test_a_map_is_shares_of_its_own_maximum_over_the_picture(results):
    drawn = [one for one in results.radiographs() if one.activation.drawn]
    array = results.map_of(drawn[0])
    assert (array.shape, array.dtype, array.max()) == ((10, 10), np.float32, 1.0)


def test_a_map_that_is_not_proven_is_not_given(results):
    drawn = next(one for one in results.radiographs() if one.activation.drawn)
    unproven = replace(drawn, activation=replace(drawn.activation, proof=None))
    assert results.map_of(unproven) is None
    assert results.map_of(replace(drawn, activation=None)) is None


@pytest.mark.parametrize("table", ["studies", "radiographs", "refusals", "reviews"])
def test_a_table_has_a_row_for_each(results, table):
    pytest.importorskip("pandas")
    assert len(results.to_pandas(table)) == len(list(getattr(results, table)())) > 0


def test_the_table_of_studies_has_probabilities_and_times_as_columns(results):
    pytest.importorskip("pandas")
    frame = results.to_pandas().set_index("rank")
    assert frame.loc[1, "covid19"] == frame.loc[1, "score"]
    assert frame["taken_at"].dt.year.isin([2020, 2021]).all()
    assert frame["reviewed_at"].dropna().dt.hour.tolist()


def test_a_table_there_is_not_is_an_error(results):
    with pytest.raises(ValueError, match="'patients': no such table; there are studies"):
        results.to_pandas("patients")


def test_a_folder_without_results_is_named(tmp_path):
    with pytest.raises(StoreNotFoundError, match="no results here"):
        screener.results(tmp_path)


def test_reading_loads_neither_torch_nor_pandas(folder):
    program = (
        "import json, sys, screener\n"
        f"found = screener.results({str(folder)!r})\n"
        "maps = [found.map_of(one) for one in found.radiographs()]\n"
        "print(json.dumps([len(maps), sorted(sys.modules)]))"
    )
    number, loaded = json.loads(subprocess.check_output([sys.executable, "-c", program], text=True))
    assert number > 20
    assert not {"torch", "pandas", "pydicom"} & set(loaded)
