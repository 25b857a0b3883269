# shellcheck shell=bash disable=SC2034
# PyTorch is imported.
WORKLOAD_IMAGE=vllm
WORKLOAD=(-- python3 -c 'import torch')
