"""Two national systems of Viet Nam played as an outsider would run them.

The National Public Service Portal stands behind its adapter, the National Population Database behind a
provincial gateway. Own process, own SQLite store, own field rules (`mock_national/rules/`): nothing of the
product is imported here, so a wrong contract in the product cannot agree with itself.
"""
