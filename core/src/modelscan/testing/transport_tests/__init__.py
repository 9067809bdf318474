"""The tests of the transport suite, one module per subject."""
