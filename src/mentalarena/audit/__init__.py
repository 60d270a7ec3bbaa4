"""What must not get out: leakage, contamination, memorisation, clinical safety.

Each audit returns findings; who calls it decides.
"""
