"""Whole ways, from the door to the ledger."""
