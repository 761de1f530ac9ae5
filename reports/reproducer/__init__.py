"""A case as one Python file that needs only the launcher.

`parts` is what it can consist of, `assemble` selects what one case needs, and `script` says what that is.
"""
