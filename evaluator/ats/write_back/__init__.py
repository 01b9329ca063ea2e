"""Results written back into applicant tracking systems, and the assessments that these order."""
