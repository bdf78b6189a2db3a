"""Ours against the installed NautilusTrader and against the slow reference."""
