"""The library under the scripts of `runtime/`: tables, contracts, splits, metrics, artifacts.

Plain files that know neither the engine nor this project's package, because jobs and model servers
run them without both. Import the modules that are needed, one by one: a step runs again when one
of those changes, and only then.
"""
