#!/usr/bin/env bash
# A container image of the controller, as an OCI image layout: scripts/controller_image.sh DIR [CERTIFICATES]. It holds bin/hermes and the
# certificates of the authorities that this machine trusts, or those in the file CERTIFICATES, and nothing else; its user is not root.
# skopeo copy oci:DIR:latest docker://REGISTRY/NAME pushes it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
(($# == 1 || $# == 2)) || die "usage: controller_image.sh DIR [CERTIFICATES]"
certificates=${2:-/etc/ssl/certs/ca-certificates.crt}
[[ -x $HERMES_ROOT/bin/hermes ]] || die "no bin/hermes: run make"
make_temp work
mkdir -p "$work/root/usr/local/bin" "$work/root/etc/ssl/certs" "$work/root/data" "$work/root/tmp" "$work/root/proc"
cp "$HERMES_ROOT/bin/hermes" "$work/root/usr/local/bin/"
cp "$certificates" "$work/root/etc/ssl/certs/ca-certificates.crt"
chmod 1777 "$work/root/data" "$work/root/tmp"
quietly python3 "$HERMES_ROOT/scripts/oci_layout.py" "$1" "$work/root"
quietly umoci config --image "$1:latest" --config.entrypoint /usr/local/bin/hermes --config.cmd controller --config.user 65532:65532
echo "$1:latest"
