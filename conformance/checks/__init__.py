"""Checks: pure functions from a history, and the bare command's, to violations. One check, one requirement.

A check may also raise NotApplicable or NotObservable. It touches no process and no file.
"""
