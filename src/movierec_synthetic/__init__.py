"""Archives in MovieLens's layout, generated from a seed, with known ground truth.

The real archives may not be redistributed for every use, and nobody knows which of their users
are one person. Generated ones may be redistributed, have any size, and their twins and duplicate
accounts are planted.
"""

from movierec_synthetic.archive import write_archive
from movierec_synthetic.spec import LATEST, LATEST_SMALL, SHAPES, SIZES, SampleSpec, Shape

__all__ = ["LATEST", "LATEST_SMALL", "SHAPES", "SIZES", "SampleSpec", "Shape", "write_archive"]
