"""Data formats: one module each, found by its name.

A module of this package that defines `TITLE` defines as well

* `RANK`: the formats are asked in this order, the lowest first, whether they can open something. CIFAR and IDX know
  their folders before any folder is one of images, and a zip, which may stand at the end of any other file, comes last;
* `opens(source)` and `scan(source)`, as `core.data.source.DataFormat` says.
"""
