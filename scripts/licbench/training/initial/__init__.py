"""Starting points other than random: linear transforms that the networks' layers express exactly.

A short training run cannot find from noise what is known beforehand. All of them are ours, not the paper's.
"""
