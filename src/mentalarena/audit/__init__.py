"""What must not get out: leakage, contamination, memorisation, clinical safety. Audits return findings and decide nothing."""
