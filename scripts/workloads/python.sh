# shellcheck shell=bash disable=SC2034
# A program that imports NumPy and pandas.
WORKLOAD_IMAGE=python
WORKLOAD=(-- python3 -c 'import numpy, pandas, requests')
