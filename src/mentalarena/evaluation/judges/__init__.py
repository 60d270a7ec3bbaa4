"""Models (and people) as judges: what they are asked, and what their answers are worth."""
