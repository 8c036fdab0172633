"""Learning from a trained network beside the truth."""

import pytest
import torch

import napari_blurmap as nb
from napari_blurmap.ground.grid import sigma_grid
from napari_blurmap.models.decode import soft_target
from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.training.dense import TrainConfig, Training
from napari_blurmap.training.teacher import Teacher

GRID = torch.tensor(sigma_grid(10, 24.0), dtype=torch.float32)


@pytest.fixture
def teacher(tiny_model, tmp_path):
    """A teacher that calls every place of every crop 2 px."""
    tiny_model.save(tmp_path / "teacher.blurmap.safetensors")
    made = Teacher(str(tmp_path / "teacher.blurmap.safetensors"), GRID)

    def says(picture, *_):
        weights = soft_target(torch.full((len(picture), 16, 16), 2.0), GRID).clamp_min(1e-3)
        return torch.cat([weights.log(), torch.zeros(len(picture), 1, 16, 16)], dim=1)

    made.network = says
    return made


def learned(teacher, truth, pupil=0.3, shape=0.0, there=1.0):
    """Mean of the distribution to learn, for a truth, of a pupil that reads something else."""
    target, read = (soft_target(torch.full((1, 16, 16), value), GRID) for value in (truth, pupil))
    anisotropy = torch.full((1, 2, 16, 16), shape)
    present = torch.full((1, 16, 16), there)
    beside = teacher.beside(target, read.clamp_min(1e-3).log(), torch.zeros(1, 5, 64, 64), present, anisotropy)
    assert beside.sum(dim=1).sub(1).abs().max() < 1e-5
    return float((beside * GRID[:, None, None]).sum(dim=1).mean())


def test_it_counts_where_it_reads_likelier_than_the_pupil(teacher):
    assert learned(teacher, 2.3) == pytest.approx(0.15 * 2.3 + 0.85 * 2.0, abs=0.1)


@pytest.mark.parametrize("other", [{"truth": 9.0, "pupil": 9.0}, {"shape": 0.4}, {"there": 0.0}])
def test_the_truth_counts_alone(teacher, other):
    """Where the pupil reads as well, where the blur is not round, where there is nothing to read."""
    case = {"truth": 2.3} | other
    assert learned(teacher, **case) == pytest.approx(case["truth"], abs=1e-4)


def test_a_training_takes_one(tiny_model, tmp_path):
    tiny_model.save(tmp_path / "teacher.blurmap.safetensors")
    settings = {"steps": 2, "batch": 2, "size": 64, "workers": 0}
    picture = torch.rand(5, 64, 64, generator=torch.Generator().manual_seed(0))
    truth = torch.tensor([1.5, 1.0, 0.0, 0.0])[:, None, None].expand(4, 64, 64)
    sizes, losses = DenseConfig(**tiny_model.info.sizes), []
    for name in (None, str(tmp_path / "teacher.blurmap.safetensors")):
        config = TrainConfig(**settings, teacher=name)
        training = Training(config, sizes=sizes, crops=lambda first, count: [(picture, truth)] * 4)
        losses.append([step.loss for step in training.run()])
    assert losses[0] != losses[1]


def test_another_grid_is_refused(tiny_model, tmp_path):
    tiny_model.save(tmp_path / "teacher.blurmap.safetensors")
    with pytest.raises(nb.BlurMapError, match="grid of sigma"):
        Teacher(str(tmp_path / "teacher.blurmap.safetensors"), GRID[:-1])
    with pytest.raises(nb.BlurMapError, match="expected a dense model"):
        Teacher("patch10", torch.arange(1, 11) * 0.3)
