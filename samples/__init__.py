"""A quarter in the life of a province: invented records and the generator that makes them; see ``README.md``."""
