"""The method: candidates, programs, signal, guidance. Read ``decode`` first."""
