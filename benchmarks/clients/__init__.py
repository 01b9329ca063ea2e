"""Clients that grade the same answers with other packages; each runs in the environment of its package."""
