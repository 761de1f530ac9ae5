"""Explores launchers: campaigns of schedules, hunts with generated scripts, and replays."""
