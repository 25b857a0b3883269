# shellcheck shell=bash disable=SC2034
# A Java service answers.
WORKLOAD_IMAGE=java
WORKLOAD=(
    --ready-http http://127.0.0.1:8000/ --request http://127.0.0.1:8000/
    -- java -cp /srv/app Server
)
