"""What self-play does to its own data: diversity, drift, signals of an iteration, and a stopping rule that reads them."""
