"""Words that stand wherever a person could mistake a simulation for care."""

from __future__ import annotations

CRISIS = "If you or somebody near you may be in danger, call your local emergency number; helplines by country: findahelpline.com"
"""Beside every talk, and in whatever is taken away."""
OWN_DANGER = "You said something about dying or danger, and a program will answer. If it is you who feels so, stop here."
"""To a person who practises: the other side is a program, and whoever spoke may have meant it."""
