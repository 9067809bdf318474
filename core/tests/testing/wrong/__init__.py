"""Providers that are deliberately wrong, one fault each: what the conformance suite is for."""
