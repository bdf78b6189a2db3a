"""The parts of `benches/run.py`: inputs, what is measured on them, and the page that tells of it."""
