"""What the pages show: every GET of a signed-in person, one noun a file."""
