"""Pure rules: frozen values, closed sets and functions over them; no I/O, no clock, no framework."""
