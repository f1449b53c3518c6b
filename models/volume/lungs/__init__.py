"""Where the lungs are in a chest CT, with whatever disease lies in them."""

from models.volume.lungs.find import (
    NO_LUNGS,
    NOT_SPLIT,
    ONE_LUNG,
    Lungs,
    find_lungs,
)
from models.volume.lungs.sides import LEFT_LUNG, RIGHT_LUNG

__all__ = [
    "LEFT_LUNG",
    "NOT_SPLIT",
    "NO_LUNGS",
    "ONE_LUNG",
    "RIGHT_LUNG",
    "Lungs",
    "find_lungs",
]
