"""The most similar pairs of users, the proof of the search, and what their ratings say."""
