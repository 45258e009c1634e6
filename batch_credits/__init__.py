"""Adds a file of promotional credits to Chargebee customers, each one exactly once."""

__version__ = "0.1.0"
