"""The main job, as a user runs it."""
