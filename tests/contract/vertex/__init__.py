"""Vertex AI, as a proof of the contracts: a service account, a project and a location in the address."""
