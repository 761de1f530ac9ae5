"""Stops traced tasks at system calls and carries out schedules there."""
