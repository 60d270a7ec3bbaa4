"""The stages of the loop as calls: what a command of the command line does, for Python users too.

play -> build -> train -> evaluate. Each leaves its files and a small record (digest of its inputs, output) under
DIR/arms/ARM/iteration-NN, and is not done again while its inputs are the same. `loop.py` strings them together.
"""
