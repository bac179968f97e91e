"""What a figure must reach, or must not pass."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """Bounds of a figure, each of them included; None: no bound on that side."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether the figure lies within; one that is no number does not."""
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)

    def verdict(self, value: float) -> str:
        """The bounds, and whether they held."""
        bounds = [f">= {self.at_least}" if self.at_least is not None else ""]
        bounds.append(f"<= {self.at_most}" if self.at_most is not None else "")
        return f"bar {' and '.join(filter(None, bounds))}: {'held' if self.holds(value) else 'MISSED'}"
