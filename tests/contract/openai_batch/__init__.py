"""OpenAI's batches, as a proof of the contracts: a job of a day that survives every death of its process."""
