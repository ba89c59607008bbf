"""Starting points other than random: linear transforms that the networks' layers express exactly.

A short training run from random weights does not find these solutions, known in closed form. Ours, not the paper's.
"""
