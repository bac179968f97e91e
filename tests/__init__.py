"""All tests. They build the schema by migrations and mock nothing by dotted path."""
