"""Tiles side by side: the same numbers, stopped at once, and nothing left behind in the process."""

from __future__ import annotations

import subprocess
import sys
import threading
from time import sleep

import numpy as np
import pytest
import torch

import napari_blurmap as nb
from napari_blurmap.models.side_by_side import one_thread, side_by_side


@pytest.mark.parametrize("workers", [1, 3])
def test_all_is_done_and_told_in_the_calling_thread(workers):
    """By as many threads as are asked for, all at once, each of which computes alone."""
    done, threads, together = [], set(), threading.Barrier(workers)

    def work(item):
        together.wait(10)  # broken where fewer work
        assert torch.is_inference_mode_enabled()
        done.append((item, torch.get_num_threads()))
        threads.add(threading.get_ident())

    torch.set_num_threads(workers)  # which a new thread would take too
    try:
        told = [threading.get_ident() for _ in side_by_side(work, range(6), workers)]
    finally:
        torch.set_num_threads(1)
    assert told == [threading.get_ident()] * 6
    assert sorted(item for item, _ in done) == list(range(6))
    assert {count for _, count in done} == {1}
    assert len(threads) == workers
    assert (threading.get_ident() in threads) == (workers == 1)


def test_who_stops_listening_stops_the_work():
    done = []
    run = side_by_side(lambda item: (sleep(0.02), done.append(item)), range(50), workers=2)
    next(run)
    run.close()
    assert len(done) < 6


def test_a_fault_in_a_tile_is_raised_where_it_is_waited_for():
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda item: 1 / item, [1, 0, 1], workers=2))


def test_the_number_of_threads_is_put_back():
    before = torch.get_num_threads()
    with one_thread() as meant:
        assert (torch.get_num_threads(), meant) == (1, before)
    assert torch.get_num_threads() == before


def test_threads_that_are_new_meanwhile_have_all_theirs():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    found = []

    def in_a_new_thread(work):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    def estimate():
        with one_thread() as meant:
            found.append(meant)

    try:
        with one_thread():
            in_a_new_thread(estimate)
            list(side_by_side(lambda _: None, range(4), workers=2))
            in_a_new_thread(lambda: found.append(torch.get_num_threads()))
            found.append(torch.get_num_threads())
    finally:
        torch.set_num_threads(before)
    assert found == [3, 3, 1]


def test_more_workers_give_the_same_map(tiny_model, monkeypatch):
    picture = np.random.default_rng(0).random((300, 420))
    one = nb.estimate_blur(picture, model=tiny_model, tile=64)
    torch.set_num_threads(3)
    try:
        three = nb.estimate_blur(picture, model=tiny_model, tile=64)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(1)
    np.testing.assert_array_equal(three.sigma, one.sigma)
    np.testing.assert_array_equal(three.status, one.status)


FORK = """
import multiprocessing, numpy as np, torch, napari_blurmap as nb
def median(seed):
    return float(np.nanmedian(nb.estimate_blur(np.random.default_rng(seed).random((64, 64))).sigma))
def compute(_):  # as trainings do
    return float(torch.rand(500, 500).exp_().sum())
does = {"estimate": median, "compute": compute}
for used, work in (("compute", median), ("estimate compute", compute)):
    for each in used.split():
        does[each](0)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print(pool.map_async(work, [0]).get(timeout=100))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_process_can_be_forked(monkeypatch):
    """A child of a process whose pool of threads it does not have waits for ever, whoever started them."""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], check=True, timeout=250)
