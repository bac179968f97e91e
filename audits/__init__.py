"""Known weaknesses of the packages that are pinned: ``make audit-deps``."""
