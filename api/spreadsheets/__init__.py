"""Import and export of projects and mentors at the edge."""
