"""Projects, mentors and entrepreneurs, and who fits whom."""
