"""linewise writes Python functions with a language model that sees its own code run."""
