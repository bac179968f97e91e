"""Every way of lying is planted in a copy of a log, and both finders must find it. Run it by ``make tamper``."""
