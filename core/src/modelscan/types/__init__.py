"""The vocabulary: requests, replies, chunks, usage, money, limits. Data only; every value is frozen."""
