"""``lienthong conform``: the whole fault catalogue against a client of the national systems, seen from outside."""
