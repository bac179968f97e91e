"""The pure rules, as laws that hold for every input."""
