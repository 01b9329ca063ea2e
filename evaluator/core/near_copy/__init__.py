"""Answers of different people to one question that are nearly the same text: found among any number of answers."""
