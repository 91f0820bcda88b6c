"""Calls to Google's services, and following what they start."""
