"""The document store: one suite for every kind of vault, and what each of them owes by itself."""
