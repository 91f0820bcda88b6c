"""The names of the models that are compared."""

from __future__ import annotations

from typing import Final

POPULARITY: Final = "popularity"
ALS: Final = "als"
"""The tuned winner."""
ALS_EXPLICIT: Final = "als_explicit"
"""The best on the stars themselves, for contrast."""
RANDOM: Final = "random"
ORACLE: Final = "oracle"
MODELS: Final = (POPULARITY, ALS, ALS_EXPLICIT, RANDOM, ORACLE)
TUNED: Final = (ALS, ALS_EXPLICIT)
