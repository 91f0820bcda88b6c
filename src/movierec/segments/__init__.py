"""Segments of all users: clusters of their factors, how stable, how useful, and what they like."""
