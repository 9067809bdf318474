"""Azure OpenAI, as a proof of the contracts: deployments and versions in the address, a key or a token of Entra."""
