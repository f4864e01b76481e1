"""What is known of a person, and how it is heard in what they say."""
