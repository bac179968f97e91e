"""How long a test waits: amply for what must come about however busy the machine is, briefly for what must not."""

AMPLE_SECONDS = 60.0
BRIEF_SECONDS = 0.3
