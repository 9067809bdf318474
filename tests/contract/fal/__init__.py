"""fal, as a proof of the contracts: a queue with webhooks, and results behind addresses that carry their own right."""
