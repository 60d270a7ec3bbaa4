"""The practice room: a person talks as the therapist with a simulated patient. A simulation for learning, never care."""
