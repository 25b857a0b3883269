#!/usr/bin/env python3
"""Makes the objects of a test cluster that standard input holds, a JSON object a line: create_objects.py CLUSTER PORT

kubectl bounds how many requests it sends in a second; this sends as many as the API server takes on a few connections."""
import concurrent.futures
import http.client
import json
import ssl
import sys
import threading

CONNECTIONS = 4
PATHS = {
    "Pod": "/api/v1/namespaces/{namespace}/pods",
    "HermesPolicy": "/apis/hermes.cloudpilot.ai/v1alpha1/hermespolicies",
}


def main():
    folder, port = sys.argv[1], int(sys.argv[2])
    context = ssl.create_default_context(cafile=folder + "/ca.crt")
    context.load_cert_chain(folder + "/admin.crt", folder + "/admin.key")
    local = threading.local()

    def create(line):
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
        item = json.loads(line)
        path = PATHS[item["kind"]].format(namespace=item["metadata"].get("namespace", "default"))
        local.connection.request("POST", path, line, {"Content-Type": "application/json"})
        answer = local.connection.getresponse()
        body = answer.read().decode()
        if answer.status != 201:
            raise SystemExit(f"error: {path} answers {answer.status}: {body[:300]}")

    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as threads:
        for _ in threads.map(create, sys.stdin):
            pass


if __name__ == "__main__":
    main()
