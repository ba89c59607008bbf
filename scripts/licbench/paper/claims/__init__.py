"""What the paper claims, measured, with a verdict by a rule that stands beside each claim."""
