"""Azure AI Speech: its data alone, in `catalog.yaml`. Without a codec, no call imports this."""
