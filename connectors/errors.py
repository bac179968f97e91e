"""What a connector refuses to encode."""


class Unmapped(Exception):
    """A value that has no national code; it is refused at the door, never sent as an empty string.

    ``table`` names the code table it misses, ``value`` what was looked up, ``pointer`` the JSON pointer of the
    field in the record.
    """

    def __init__(self, table: str, value: str, pointer: str) -> None:
        """Keep the three parts for the refusal."""
        super().__init__(f"'{value}' has no code in '{table}'")
        self.table = table
        self.value = value
        self.pointer = pointer
