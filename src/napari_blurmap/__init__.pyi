from .batch.batch import estimate_batch as estimate_batch
from .checking.check import check_on_image as check_on_image
from .checking.report import CheckReport as CheckReport
from .errors import BlurMapError as BlurMapError
from .errors import Cancelled as Cancelled
from .estimate import estimate_blur as estimate_blur
from .ground.blur import apply_blur as apply_blur
from .ground.microscope import optics_limit as optics_limit
from .ground.status import Status as Status
from .models.registry import list_models as list_models
from .models.registry import load_model as load_model
from .plugin.layers.layers import add_to_viewer as add_to_viewer
from .result.blurmap import BlurMap as BlurMap
from .result.optics_limit import OpticsLimit as OpticsLimit
from .result.reference import Reference as Reference
from .result.scores import score as score
from .result.smooth.smooth import smooth_sigma as smooth_sigma
from .result.words import summary_line as summary_line
from .synthesis.fields import sigma_ramp as sigma_ramp
from .synthesis.fields import sigma_sine as sigma_sine
from .training.own.entry import train_model as train_model
from .training.own.pictures import inspect_images as inspect_images

__version__: str
