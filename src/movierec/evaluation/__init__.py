"""Ranking metrics, their intervals, and the comparison of models."""
