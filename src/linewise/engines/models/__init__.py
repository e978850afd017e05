"""Model files and folders: which there are, where they are on this machine, and how they get there."""
