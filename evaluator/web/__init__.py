"""The web: pages for reviewers, the JSON API, and the doors that applicant tracking systems ring at."""
