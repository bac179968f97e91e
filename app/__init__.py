"""The gateway: doors, use cases, rules, store and worker."""

VERSION = "0.1.0"
