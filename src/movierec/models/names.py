"""The names of the models that are compared."""

from __future__ import annotations

from typing import Final

POPULARITY: Final = "popularity"
ALS: Final = "als"
"""The tuned winner."""
DELIVERED: Final = "delivered"
"""What `deliver` shows: the best model, and popularity to users whom it does not know, if any."""
EASE: Final = "ease"
"""The tuned winner of the linear models from movies to movies."""
ALS_EXPLICIT: Final = "als_explicit"
"""The best on the stars themselves, for contrast."""
SEGMENT_POPULARITY: Final = "segment_popularity"
"""What is popular in the user's segment."""
RANDOM: Final = "random"
ORACLE: Final = "oracle"
MODELS: Final = (POPULARITY, SEGMENT_POPULARITY, ALS, EASE, ALS_EXPLICIT, RANDOM, ORACLE)
"""Those that every run has."""
SHOWN: Final = (*MODELS[:4], DELIVERED, *MODELS[4:])
"""The order in tables."""
FACTORISED: Final = (ALS, ALS_EXPLICIT)
