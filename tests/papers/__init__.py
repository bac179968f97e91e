"""Tests of app.papers, with files made on the spot."""
