"""How people come in: signing in and out, one-time links, passwords."""
