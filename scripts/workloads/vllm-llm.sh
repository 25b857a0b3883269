# shellcheck shell=bash disable=SC2034
# vLLM's main class is imported.
WORKLOAD_IMAGE=vllm
WORKLOAD=(-- python3 -c 'from vllm import LLM')
