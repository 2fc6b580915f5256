"""What docs/cluster offers to start a cluster with is what Ray and a builder take."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import posix_only

ROOT = Path(__file__).parents[1]
FILES = ROOT / "docs" / "cluster"
IMAGE = "covid-resnet-screener"


@posix_only
def test_ray_takes_the_file_for_machines_of_ones_own():
    util = pytest.importorskip("ray.autoscaler._private.util", reason="needs the extra 'cluster'")
    config = util.prepare_config(yaml.safe_load((FILES / "ray.yaml").read_text()))
    util.validate_config(config)
    assert config["docker"]["image"] == IMAGE
    started = config["head_start_ray_commands"] + config["worker_start_ray_commands"]
    assert all("--disable-usage-stats" in line for line in started if "start" in line)


def test_the_kubernetes_file_mounts_the_archive_under_one_name_and_to_read():
    cluster = yaml.safe_load((FILES / "kuberay.yaml").read_text())
    assert (cluster["apiVersion"], cluster["kind"]) == ("ray.io/v1", "RayCluster")
    head, workers = cluster["spec"]["headGroupSpec"], cluster["spec"]["workerGroupSpecs"]
    pods = [group["template"]["spec"] for group in (head, *workers)]
    for pod in pods:
        (container,) = pod["containers"]
        assert container["image"] == IMAGE
        mounts = {one["name"]: one for one in container["volumeMounts"]}
        assert mounts["archive"] == {
            "name": "archive", "mountPath": "/mnt/archive", "readOnly": True,
        }  # fmt: skip
        assert mounts.keys() == {one["name"] for one in pod["volumes"]}


def builder():
    """A program that builds images and works here."""
    for name in ("docker", "podman", "buildah"):
        if (
            shutil.which(name)
            and not subprocess.run([name, "info"], capture_output=True).returncode
        ):
            return name
    return None


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_container_file_builds_what_scans(tmp_path, phantoms):
    program = builder()
    if program is None:
        pytest.skip("no builder of images works here")
    (tmp_path / "dist").mkdir()
    wheel = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run([*wheel, "--wheel-dir", tmp_path / "dist", ROOT], check=True)
    build = [program, "build", "-t", IMAGE, "-f", FILES / "Containerfile", tmp_path]
    subprocess.run(build, check=True)
    films = f"{phantoms}:/films:ro"
    scan = ["screener", "scan", "/films", "-o", "/tmp/results", "--cluster", "local"]
    ended = subprocess.run([program, "run", "--rm", "-v", films, IMAGE, *scan], check=False)
    assert ended.returncode == 3
