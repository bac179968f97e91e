"""Contracts: one suite for every connector, and the population database against the mock."""
