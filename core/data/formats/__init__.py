"""Data formats: one module each, found by its name.

A module of this package that defines `TITLE` also defines

* `RANK`: formats are tried in ascending order. CIFAR and IDX come before folders of images, because they recognize
  their folders; zip comes last, because a zip may be appended to any other file;
* `opens(source)` and `scan(source)`, see `core.data.source.DataFormat`.
"""
