"""Results as one self-contained HTML file: the matrix, the requirements, the failures, the limits."""
