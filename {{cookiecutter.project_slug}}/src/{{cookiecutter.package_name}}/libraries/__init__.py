"""Libraries beyond the image's: `runtime/requirements.txt`, checked before anything starts.

What a job does with them is in `runtime/tabular/libraries.py`.
"""
