"""The suites of the kinds that decide, keep or check: one module each."""
