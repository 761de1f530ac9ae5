"""Launchers with one planted fault each, which the suite must find.

`launch.py FAULT COMMAND ARGS...` starts one, `launch.py --list` describes all. A fault in Python is a class that bears
its name, in the module of its chapter; catalogue.py says what it tells of itself. A fault of a shell is a script beside
them, a race window a C program in windows/.

Nothing here imports anything of Proctor: no mistake may be both in the judge and in the judged.
"""
