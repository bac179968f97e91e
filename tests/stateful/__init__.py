"""State machines: arbitrary interleavings against a model."""
