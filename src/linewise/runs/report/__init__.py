"""Reports on several runs: Markdown, and one HTML page with plots in it that opens without a network."""
