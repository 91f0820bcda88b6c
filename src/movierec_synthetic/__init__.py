"""Archives in MovieLens's layout, generated from a seed, with known truth.

The real archives may not be redistributed for every use, and nobody knows which of their users
are one person. These can be, at any size, and their twins and duplicate accounts are planted.
"""

from movierec_synthetic.archive import write_archive
from movierec_synthetic.spec import LATEST, LATEST_SMALL, SHAPES, SampleSpec, Shape

__all__ = ["LATEST", "LATEST_SMALL", "SHAPES", "SampleSpec", "Shape", "write_archive"]
