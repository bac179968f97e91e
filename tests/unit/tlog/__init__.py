"""The log's own formats, held to what others have published."""
