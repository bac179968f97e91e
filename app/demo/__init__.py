"""``make demo`` and ``make run``: the whole house as real processes, seen only through its public doors."""
