"""The requirements, the checks, the cases and the judge."""
