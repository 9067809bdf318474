"""Google Vertex AI: its data alone, in `catalog.yaml`. Without a codec, no call imports this."""
