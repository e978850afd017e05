"""What a person sees of a run: the live view in a terminal, and a summary in plain text."""
