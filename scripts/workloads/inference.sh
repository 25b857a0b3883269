# shellcheck shell=bash disable=SC2034
# An inference service on the processor, from the large image: ready when its model is loaded.
WORKLOAD_IMAGE=inference
WORKLOAD=(
    --ready-http http://127.0.0.1:8000/health --request http://127.0.0.1:8000/
    --data '{"texts": ["A cold start is over when the first answer is there."]}' -- python3 /srv/app/server.py
)
