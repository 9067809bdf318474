"""Every protocol that a plugin implements. Values and protocols only: nothing here does anything."""
