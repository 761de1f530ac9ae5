"""Explores launchers: campaigns of schedules, hunts with generated scenarios, and replays."""
