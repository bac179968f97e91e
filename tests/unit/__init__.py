"""Single functions, without a database."""
