"""What the paper claims, measured, with a verdict by a rule that is given with each claim."""
