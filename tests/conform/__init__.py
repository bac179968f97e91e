"""``lienthong conform``, held against a client that keeps its promises and one that does not."""
