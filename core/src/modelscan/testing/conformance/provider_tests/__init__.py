"""The provider suite in parts, one promise of a provider each."""
