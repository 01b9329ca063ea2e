"""The mock endpoint: an OpenAI-compatible server on loopback that answers, fails and counts as it is told."""
