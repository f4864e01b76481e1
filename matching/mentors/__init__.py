"""The register of mentors: entity, terms, fields."""
