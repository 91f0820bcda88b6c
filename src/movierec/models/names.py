"""The names of the models that are compared."""

from __future__ import annotations

from typing import Final

POPULARITY: Final = "popularity"
ALS: Final = "als"
"""The tuned winner."""
DELIVERED: Final = "delivered"
"""What `deliver` shows: ALS, and popularity to users whom it does not know, if there are any."""
ALS_EXPLICIT: Final = "als_explicit"
"""The best on the stars themselves, for contrast."""
SEGMENT_POPULARITY: Final = "segment_popularity"
"""What is popular in the user's segment."""
RANDOM: Final = "random"
ORACLE: Final = "oracle"
MODELS: Final = (POPULARITY, SEGMENT_POPULARITY, ALS, ALS_EXPLICIT, RANDOM, ORACLE)
"""Those that every run has."""
SHOWN: Final = (POPULARITY, SEGMENT_POPULARITY, ALS, DELIVERED, ALS_EXPLICIT, RANDOM, ORACLE)
"""The order in tables."""
TUNED: Final = (ALS, ALS_EXPLICIT)
