"""One verb a file: opens the transaction, calls rules, store and connectors, in that order."""
