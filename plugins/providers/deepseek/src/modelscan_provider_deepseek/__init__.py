"""DeepSeek: its data alone, in `catalog.yaml`. There is no codec yet, so nothing here is ever imported for a call."""
