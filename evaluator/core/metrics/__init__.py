"""How far two readings of the same answers agree, and how sure of it a set of that size can be."""
