"""What a reproducer can consist of: Python 3.8, standard library only, Linux.

These modules are not run from here. Each function that a case needs is copied into its file, with what that function
needs itself (reports/reproducer/assemble.py), so they may import nothing but modules and each other's names.
"""
