"""Measured claims: one run, one machine, ratios. Never part of the tests."""
