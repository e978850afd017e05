"""What is kept of a run: its events as a file, and the code rebuilt from them."""
