"""Webhooks of applicant tracking systems, over HTTP."""
