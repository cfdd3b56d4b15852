"""The library under `monitor.py`: what a model's data was like, and whether new data is like it."""
