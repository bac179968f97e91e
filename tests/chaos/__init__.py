"""Everything fails at once."""
