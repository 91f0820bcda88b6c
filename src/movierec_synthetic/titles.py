"""Titles as in MovieLens, with the commas, quotes and accents that break careless parsers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from movierec_synthetic.spec import SampleSpec, Stream


def words(text: str, separator: str | None = None) -> tuple[str, ...]:
    """The words of a text, or what stands between its separators."""
    return tuple(text.split(separator))


ADJECTIVES = words(
    "Amber Ancient Bitter Blind Borrowed Brave Broken Burning Careless Clever Cold Crimson Crooked "
    "Dark Distant Double Electric Endless Faithful Fallen Final Forgotten Frozen Gentle Golden "
    "Hidden Hollow Honest Hungry Idle Invisible Iron Last Little Lonely Lost Lucky Midnight "
    "Narrow Northern Painted Paper Perfect Quiet Reckless Restless Sacred Second Secret Silent "
    "Silver Sleeping Southern Stolen Strange Tender Thirsty Unlikely Velvet Wandering Wild Wooden"
)
NOUNS = words(
    "Accomplice Alibi Anchor Apprentice Archive Arrow Astronomer Bargain Bicycle Border Bridge "
    "Butcher Captain Carousel Cellar Circus Clockmaker Compass Corridor Daughter Detective "
    "Dynasty Echo Empire Engine Evidence Feather Ferry Fortune Frontier Garden Gentleman Ghost "
    "Guest Harbor Harvest Heist Horizon Hotel Inheritance Island Jury Key Labyrinth Lantern "
    "Letter Lighthouse Magician Mansion Marriage Messenger Mirror Monsoon Mountain Neighbor "
    "Oracle Orchard Outlaw Passenger Patient Pilot Pirate Planet Portrait Promise Prophet Puzzle "
    "Queen Railway Rebellion Rival River Robot Saint Season Sentence Shadow Sister Soldier "
    "Staircase Stranger Summer Tailor Tempest Tenant Thief Train Treasure Tunnel Umbrella Verdict "
    "Village Violin Visitor Voyage Waltz Widow Winter Witness Wolf"
)
PLACES = words(
    "Antwerp Bergen Bombay Cairo Dakar Detroit Dublin Florence Glasgow Havana Jaipur Kyoto Lagos "
    "Lima Lisbon Lyon Manila Marseille Naples Odessa Omaha Oslo Perth Quebec Riga Seville Tangier "
    "Texas Trieste Tulsa Utrecht Valparaiso Warsaw Winnipeg Zanzibar"
)
NAMES = words("Ada Anton Boris Clara Daisy Edgar Ines Jonas Karim Lena Maud Nils Olga Pablo Ruth")
FOREIGN = words(
    "L'été indien; Señora de la niebla, La; Übermorgen; Fenêtre ouverte, La; Mañana será tarde; "
    "Żółty pociąg; Smørrebrød og kærlighed; Çocukluk günleri; Příběh o řece; Århundradets färd; "
    "Kōkyō no yoru; Ночной поезд",
    separator="; ",
)

# Shares of ml-latest-small's titles.
NO_YEAR = 0.0014
TRAILING_BLANK = 0.0015

# Pattern and weight. In ml-latest-small 1 title in 5 ends in ", The" and 1 in 30 is not ASCII.
_PATTERNS = (
    ("{adjective} {noun}, The", 0.13),
    ("{noun} of {place}, The", 0.05),
    ("{adjective} {noun}, A", 0.02),
    ("{adjective} {noun}", 0.30),
    ("{noun} in {place}", 0.14),
    ("{name} and the {noun}", 0.12),
    ("{adjective} {noun}: {name}'s {other}", 0.08),
    ("{noun} {number}", 0.05),
    ("{noun}, {other} & {place}", 0.02),
    ("{place}, {name}!", 0.02),
    ("{adjective} {noun}, The ({foreign})", 0.02),
    ("{foreign}", 0.01),
    ('"{adjective} {noun}" and Other Stories', 0.005),
    ('{name} "The {noun}" of {place}', 0.005),
    ("{noun}?!... {other}", 0.01),
)


def movie_titles(spec: SampleSpec, years: npt.NDArray[np.int64]) -> list[str]:
    """One title per movie, mostly "Name (Year)"; a few lack the year or end in a blank."""
    rng = spec.stream(Stream.TITLES)
    weights = np.array([weight for _, weight in _PATTERNS])
    patterns = rng.choice(len(_PATTERNS), size=len(years), p=weights / weights.sum())
    lists: dict[str, Sequence[object]] = {
        **{"adjective": ADJECTIVES, "noun": NOUNS, "other": NOUNS, "place": PLACES, "name": NAMES},
        **{"foreign": FOREIGN, "number": range(2, 6)},
    }
    drawn = [rng.integers(len(choices), size=len(years)) for choices in lists.values()]
    picks = np.stack(drawn, axis=1)
    odd = rng.random(len(years))
    titles = []
    for pattern, pick, year, oddity in zip(
        patterns.tolist(), picks.tolist(), years.tolist(), odd.tolist(), strict=True
    ):
        chosen = {word: lists[word][index] for word, index in zip(lists, pick, strict=True)}
        title = _PATTERNS[pattern][0].format(**chosen)
        if oddity >= NO_YEAR:
            title = f"{title} ({year})"
        if 1 - oddity < TRAILING_BLANK:
            title += " "
        titles.append(title)
    return titles
