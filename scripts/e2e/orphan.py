"""Leaves a snapshotter with a lazily mounted layer that containerd does not know, as a call does whose client was killed meanwhile:
orphan.py SOCKET NAMESPACE REFERENCE <IMAGE.JSON

The input is what "skopeo inspect --config" and "skopeo inspect" say of the image: {"config": ..., "digest": ..., "layers": [...]}."""
import json
import os
import sys

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cri import message

socket, namespace, reference = sys.argv[1:]
image = json.load(sys.stdin)
# The chain ID of the lowest layer is its diff ID (OCI image specification, config).
chain = image["config"]["rootfs"]["diff_ids"][0]
cri = "containerd.io/snapshot/cri."
labels = {
    "containerd.io/snapshot.ref": chain,
    cri + "image-ref": reference,
    cri + "image-layers": ",".join(image["layers"]),
    cri + "layer-digest": image["layers"][0],
    cri + "manifest-digest": image["digest"],
}
# containerd's name of it: the namespace, a number that is never used again, and the client's name.
key = "%s/4000000000/extract-orphan %s" % (namespace, chain)
request = message(
    (1, "hermes"), (2, key), (4, [message((1, name), (2, value)) for name, value in labels.items()])
)
call = grpc.insecure_channel("unix://" + os.path.abspath(socket)).unary_unary(
    "/containerd.services.snapshots.v1.Snapshots/Prepare"
)
try:
    call(request, timeout=60, metadata=(("containerd-namespace", namespace),))
    sys.exit("the layer was not mounted lazily")
except grpc.RpcError as error:
    # The answer for a layer that the snapshotter brings by itself.
    if error.code() != grpc.StatusCode.ALREADY_EXISTS:
        sys.exit("%s: %s" % (error.code(), error.details()))
