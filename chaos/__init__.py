"""Everything fails at once, by a seed; then the ledgers are compared id by id. Run it by ``make chaos SEED=1``."""
