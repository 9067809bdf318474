"""Amazon Bedrock, as a proof of the contracts: event streams, AWS signatures, several formats behind one door."""
