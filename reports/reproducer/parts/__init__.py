"""What a reproducer can consist of: Python 3.8, standard library only, Linux.

These modules are not run from here. Each function that a case needs is copied into its script, together with the
functions that it uses itself (reports/reproducer/assemble.py). So they import only standard modules and one another.
Decorators are not copied. They mark the questions: see marks.py.
"""
