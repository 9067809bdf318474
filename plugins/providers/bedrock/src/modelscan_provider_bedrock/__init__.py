"""Amazon Bedrock: its data alone, in `catalog.yaml`. Without a codec, no call imports this."""
