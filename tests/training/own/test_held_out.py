"""What is kept apart from training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from own_pictures import leaves, pieces_of

import napari_blurmap as nb
from napari_blurmap.training.own.held_out import split_pieces


def test_held_out_is_by_picture_or_by_region():
    learnt, held = split_pieces(pieces_of(*(leaves(i) for i in range(7))), 0)
    assert {p.picture for p in learnt} | {p.picture for p in held} == set(range(7))
    assert len({p.picture for p in held}) == 1
    one = leaves(1, (200, 150))
    [rest], [strip] = split_pieces(pieces_of(one), 0)
    assert rest.usable.size + strip.usable.size == one.size
    whole = sorted(np.concatenate([rest.sample.grey.ravel(), strip.sample.grey.ravel()]))
    assert whole == sorted(one.ravel().tolist())
    with pytest.raises(nb.BlurMapError, match="Add another"):
        split_pieces(pieces_of(leaves(1, (80, 80))), 0)


def test_what_is_blurrier_than_most_is_not_what_is_judged_by():
    """Neither of several pictures, nor where a single sharp one is left, which is then cut."""
    pieces = [replace(p, blur=1.0 if p.picture < 5 else 0.0) for p in pieces_of(*(leaves(i) for i in range(7)))]
    for seed in range(6):
        assert {p.picture for p in split_pieces(pieces, seed)[1]} <= {5, 6}
    one = pieces_of(leaves(1, (200, 150)), leaves(2, (300, 300)))
    learnt, held = split_pieces([one[0], replace(one[1], blur=1.0)], 0)
    assert {p.picture for p in held} == {0}
    assert {p.picture for p in learnt} == {0, 1}


def test_of_a_stack_the_same_part_of_all_planes_is_held_out():
    sharp = leaves(1, (160, 192))
    learnt, held = split_pieces(pieces_of(np.stack([sharp, sharp // 2, sharp // 3])), 0)
    assert len(learnt) == len(held) == 3
    for one in held:
        for other in learnt:
            assert one.sample.grey.shape[0] + other.sample.grey.shape[0] in (160, 320)
            assert one.sample.grey.shape[1] + other.sample.grey.shape[1] in (192, 384)


def test_of_a_marked_part_a_fifth_is_held_out():
    sharp = leaves(1, (320, 320))
    mask = np.zeros(sharp.shape, int)
    mask[64:256, 80:272] = 1
    [rest], [strip] = split_pieces(pieces_of(sharp, masks=[mask]), 0)
    shares = [part.textured.sum() for part in (rest, strip)]
    assert 0.15 < shares[1] / sum(shares) < 0.3


def test_a_picture_with_hardly_a_mark_is_not_what_is_judged_by():
    mask = np.zeros((160, 160), int)
    mask[70:82, 70:82] = 1
    pictures = [leaves(i, (160, 160)) for i in (1, 2)]
    for seed in range(4):
        _, held = split_pieces(pieces_of(*pictures, masks=[mask, None]), seed)
        assert {p.name for p in held} == {"picture 2"}
