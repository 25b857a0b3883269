# shellcheck shell=bash disable=SC2034
# nginx serves its first page.
WORKLOAD_IMAGE=nginx
WORKLOAD=(--ready-http http://127.0.0.1:80/ --request http://127.0.0.1:80/ --requests 20000 -- nginx -g 'daemon off;')
