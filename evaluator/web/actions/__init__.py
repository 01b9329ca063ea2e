"""What the pages change: every POST of a signed-in person, one noun a file."""
