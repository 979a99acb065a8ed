"""Checks of `tools/gpu_check.py`, one module each.

A module defines

* `SECONDS`: its share of the time, in seconds of the default budget;
* `NEEDS_CUDA`: whether it is skipped on other devices;
* `cases(bench)`: its cases, the most telling first. A case that raises is a row "failed".
"""
