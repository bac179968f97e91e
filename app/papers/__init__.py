"""Papers: what a file really is, and what its signatures are worth.

Files of strangers are opened in the child processes of :class:`Bench` and nowhere else; importing this package loads
none of the libraries that open them.
"""

from app.papers.bench import Bench
from app.papers.errors import BenchBroken, FileRefused
from app.papers.kinds import Examined
from app.papers.limits import Limits

__all__ = ["Bench", "BenchBroken", "Examined", "FileRefused", "Limits"]
