from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mgskel.datasets.augment import Augmentation, Policy
from mgskel.datasets.batches import BatchPlan, TrainingBatches, view_batches
from mgskel.datasets.clips import ClipStore


def make(store: ClipStore, **changes: object) -> TrainingBatches:
    settings: dict[str, object] = {
        "policy": Policy(Augmentation("micro"), store.skeleton),
        "stream": "joint",
        "window": 12,
        "classes": 3,
        "batch": 3,
        "seed": 1,
    }
    return TrainingBatches(store, **(settings | changes))  # type: ignore[arg-type]


def test_a_batch_follows_from_its_place_alone(store: ClipStore) -> None:
    first, second = make(store), make(store)
    for _ in range(3):
        first[(0, 0)]
    here, there = first[(4, 1)], second[(4, 1)]
    assert torch.equal(here.x, there.x) and here.names == there.names
    assert not torch.equal(first[(5, 1)].x, here.x)


def test_an_epoch_shows_every_recording(store: ClipStore) -> None:
    batches = make(store)
    assert len(batches) == 2
    plan = BatchPlan(len(batches))
    shown = [name for place in plan for name in batches[place].names]
    assert len(shown) == 6 and set(shown) == {"a", "b", "c", "d"}
    plan.set_epoch(7)
    assert list(plan) == [(7, 0), (7, 1)]


def test_processes_share_one_global_batch(store: ClipStore) -> None:
    whole = make(store, batch=4, mixup=0.5)[(2, 0)]
    parts = [make(store, batch=4, mixup=0.5, part=(rank, 2))[(2, 0)] for rank in (0, 1)]
    joined = torch.stack([part.x for part in parts], dim=1).flatten(0, 1)
    torch.testing.assert_close(joined, whole.x)
    assert [n for pair in zip(*(p.names for p in parts), strict=True) for n in pair] == list(
        whole.names
    )


def test_balanced_sampling_evens_out_a_long_tail(store: ClipStore) -> None:
    tail = replace(store, labels=torch.tensor([0, 0, 0, 1]))
    for sampling, low, high in (("balanced", 0.4, 0.6), ("sqrt", 0.3, 0.45), ("none", 0.2, 0.3)):
        batches = make(tail, sampling=sampling, repeat=200)
        drawn = tail.labels[batches.order(0)]
        assert low <= float((drawn == 1).float().mean()) <= high, sampling


def test_mixup_mixes_neighbours_and_their_targets(store: ClipStore) -> None:
    mixed = make(store, mixup=1.0, batch=4)[(0, 0)]
    torch.testing.assert_close(mixed.target.sum(1), torch.ones(4))
    assert ((mixed.target > 0) & (mixed.target < 1)).any()
    plain = make(store, mixup=0.0, batch=4)[(0, 0)]
    assert set(plain.target.unique().tolist()) == {0.0, 1.0}
    assert plain.names == mixed.names
    if mixed.mask is not None:
        assert (mixed.x[~mixed.mask[:, None].expand_as(mixed.x)] == 0).all()


def test_views_come_in_order_and_need_no_mask_without_gaps(store: ClipStore) -> None:
    whole = replace(store, scores=torch.ones_like(store.scores))
    seen = 0
    for x, mask, indices in view_batches(whole, "bone", 12, views=3, batch=3):
        assert x.shape == (3 * len(indices), 3, 12, 20, 1)
        assert mask is None
        seen += len(indices)
    assert seen == 4
    assert next(view_batches(store, "bone", 12, views=1))[1] is not None


@pytest.mark.parametrize("stream", ["joint", "distance_motion"])
def test_labels_become_targets(store: ClipStore, stream: str) -> None:
    batch = make(store, stream=stream, batch=4)[(0, 0)]
    truth = dict(zip(store.names, store.labels.tolist(), strict=True))
    assert batch.target.argmax(1).tolist() == [truth[name] for name in batch.names]
