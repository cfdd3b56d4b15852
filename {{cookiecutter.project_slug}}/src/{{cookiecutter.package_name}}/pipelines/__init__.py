"""What notebook 03 builds a pipeline of: its data, contract, code, channels, gate and picture."""
