# shellcheck shell=bash disable=SC2034
# /bin/true in the large image: what a start costs before the program does anything.
WORKLOAD_IMAGE=vllm
WORKLOAD=(-- /bin/true)
