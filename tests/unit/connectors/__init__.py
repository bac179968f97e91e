"""Tests of the connectors: everything a national system and the network between can do."""
