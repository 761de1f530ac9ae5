"""A case as one Python file that needs only the launcher: `parts` is what it can consist of, `assemble` puts together
what one case needs of it, `script` says what that is."""
