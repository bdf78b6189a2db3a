"""Properties: whatever the spelling, whatever the damage."""
