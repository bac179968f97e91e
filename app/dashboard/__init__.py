"""Pages for administrators; they only read."""
