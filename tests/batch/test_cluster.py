"""The same estimate on a cluster of dask: two processes, one of which is killed half way."""

from __future__ import annotations

import csv
import os
import signal
import time
from threading import Timer

import dask.array as da
import numpy as np
import pytest
import tifffile
from dask.base import get_scheduler
from distributed import Client, LocalCluster
from scipy import ndimage
from shell import run

import napari_blurmap as nb
from napari_blurmap.cli import app as cli


def light(seed, shape=(96, 96)):
    noise = np.random.default_rng(seed).random(shape)
    return np.rint(4000 * ndimage.gaussian_filter(noise, 1.2)).astype(np.uint16)


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as started:
        yield started


def slowly(block):
    time.sleep(0.2)
    return block


def same(saved, whole):
    np.testing.assert_array_equal(np.asarray(saved.status), whole.status)
    np.testing.assert_allclose(np.asarray(saved.sigma), whole.sigma, atol=1e-6)


def test_a_worker_that_dies_changes_nothing(cluster, tiny_model, tmp_path):
    stack = np.stack([light(n) for n in range(6)])
    path = tmp_path / "stack.sigma.ome.zarr"
    with Client(cluster) as client:
        slow = da.from_array(stack, chunks=(1, 96, 96)).map_blocks(slowly, dtype=stack.dtype)
        m = nb.estimate_blur(slow, model=tiny_model, device="cpu")
        victim = min(client.run(os.getpid).values())
        Timer(0.6, os.kill, (victim, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)).start()
        m.save(path)
        client.wait_for_workers(2)
        assert victim not in client.run(os.getpid).values()
    same(nb.BlurMap.load(path), nb.estimate_blur(stack, model=tiny_model, device="cpu"))


@pytest.mark.usefixtures("tiny_default")
def test_a_batch_on_a_cluster(cluster, tiny_model, tmp_path):
    for n in range(3):
        tifffile.imwrite(tmp_path / f"p_{n}.tif", light(n))
    out, qc = tmp_path / "maps", tmp_path / "qc.csv"
    shell = ("estimate", tmp_path / "p_*.tif", "-o", out, "--table", qc, "--scheduler", cluster.scheduler_address)
    assert run(*shell) == 0
    for n in range(3):
        same(nb.BlurMap.load(out / f"p_{n}.sigma.ome.zarr"), nb.estimate_blur(light(n), model=tiny_model))
    with qc.open(newline="") as stream:
        assert [row["FileName"] for row in csv.DictReader(stream)] == ["p_0.tif", "p_1.tif", "p_2.tif"]


def test_a_scheduler_that_is_not_there(tmp_path, capsys):
    tifffile.imwrite(tmp_path / "a.tif", light(0))
    assert run("estimate", tmp_path / "a.tif", "-o", tmp_path, "--scheduler", "nonsense://x") == cli.USAGE
    assert "does not answer" in " ".join(capsys.readouterr().err.split())
    assert get_scheduler() is None  # nothing that is computed later is sent there
    assert run("estimate", tmp_path / "a.tif", "--table", tmp_path / "q.csv", "--scheduler", "tcp://x:1") == cli.USAGE
    assert "give --out" in " ".join(capsys.readouterr().err.split())
