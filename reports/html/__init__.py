"""Results as one HTML file that needs nothing beside itself: the matrix, the requirements, the failures, the limits."""
