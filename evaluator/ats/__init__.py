"""Applicant tracking systems: their signatures, their payloads, and their own APIs."""
