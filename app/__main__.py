"""``python -m app`` is ``lienthong``."""

from app.cli import main

main()
