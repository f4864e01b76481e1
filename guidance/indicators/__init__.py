"""The indicators of the plan: register, values, progress, evidence."""
