"""Label files, and annotations of them: JSON Lines, JSON, CSV, TSV, Open Images, COCO and LVIS."""

from typing import TYPE_CHECKING

from .._lazy import loader

if TYPE_CHECKING:
    from ..errors import LabelError
    from ._label import Label, Problem, Threshold
    from ._names import concept_id, concept_name, read_concept_map
    from ._open_images import read_classes
    from ._read import read_labels
    from ._write import write_csv, write_json_lines

_HOMES = {
    "_label": "Label LabelError Problem Threshold",
    "_names": "concept_id concept_name read_concept_map",
    "_open_images": "read_classes",
    "_read": "read_labels",
    "_write": "write_csv write_json_lines",
}

if not TYPE_CHECKING:
    __getattr__ = loader(__name__, _HOMES)

__all__ = [
    "Label",
    "LabelError",
    "Problem",
    "Threshold",
    "concept_id",
    "concept_name",
    "read_classes",
    "read_concept_map",
    "read_labels",
    "write_csv",
    "write_json_lines",
]
