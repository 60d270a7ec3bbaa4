"""What a run gives away: rows in the forms that others read, splits by person, cards, and trained weights."""
