"""Starts and stops the real servers that the tests run against; `infra/dev/parts` is the command."""
