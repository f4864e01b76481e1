"""What people asked and no document answers, until a clause does."""
