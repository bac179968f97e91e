"""The only SQL: mapped tables, the session with the only commit, and one module a table."""
