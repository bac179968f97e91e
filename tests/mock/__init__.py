"""Tests of the mock national systems, which know it only by its wire and its parts."""
