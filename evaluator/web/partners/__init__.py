"""What applicant tracking systems call when they order assessments here."""
