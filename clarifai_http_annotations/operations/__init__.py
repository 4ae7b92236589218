"""What a client can do, each operation written once for `Client` and `AsyncClient`."""

from .annotations import AnnotationOperations
from .changes import ChangeOperations
from .searches import SearchOperations
from .tasks import TaskOperations
from .tracks import TrackOperations
from .uploads import UploadOperations


class EveryOperation(
    AnnotationOperations, ChangeOperations, SearchOperations, TaskOperations, TrackOperations, UploadOperations
):
    """All of them."""


__all__ = ["EveryOperation"]
