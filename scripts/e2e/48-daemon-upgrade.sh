#!/usr/bin/env bash
# The daemon is replaced by another version while programs in containers of lazy images read, and then by the first again.
# HERMES_E2E_OLD names the executable of an earlier commit; without it nothing is checked.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[[ -n ${HERMES_E2E_OLD:-} ]] || {
    echo "skip the change of versions: HERMES_E2E_OLD names no executable of an earlier commit"
    check_summary "$(basename "$0" .sh)"
    exit
}
. "$(dirname "$0")/daemon.sh"
. "$(dirname "$0")/containers.sh"
NEW=$HERMES OLD=$HERMES_E2E_OLD

# follows BINARY SIGNAL: ends the daemon by SIGNAL, and starts BINARY, which takes the mount over with all its images.
follows() {
    daemon_gone "$2"
    : >"$shared/daemon.log"
    HERMES=$1 daemon_up
    [[ $(readlink -f "/proc/$(daemon_pid)/exe") == $(readlink -f "$1") ]]
    wait_until 20 grep -q 'took over the mount of lazy images' "$shared/daemon.log"
    [[ $(HERMES=$1 status | jq '.lost | length') == 0 ]]
}

there_and_back() {
    local number signal
    number=$(mount_number)
    readers_begin
    # Fetched in the background meanwhile, some of it by each version.
    connected
    cri pull "$FILLED"
    for signal in KILL TERM; do
        doze 700
        follows "$NEW" "$signal"
        doze 700
        follows "$OLD" "$signal"
    done
    readers_end
    [[ $(mount_number) == "$number" ]]
    connected
    sleeper "$FILLED" 3
    same_files "$shared/filled/rootfs" "$(inside 3)"
}

# The holder belongs to one version, and the daemon that takes the mount from it to the other.
holders_of_both() {
    local killed binary
    readers_begin
    for binary in "$NEW" "$OLD"; do
        follows "$binary" KILL
        killed=$(holder)
        kill -KILL "$killed"
        wait_until 60 grep -q 'the mount has another holder' "$shared/daemon.log"
        [[ $(readlink -f "/proc/$(holder)/exe") == $(readlink -f "$binary") ]]
    done
    follows "$NEW" KILL
    follows "$OLD" TERM
    readers_end
}

# What one version pulled, the other shows and removes.
each_goes_on_with_the_others_images() {
    follows "$NEW" TERM
    connected
    cri pull "$PLAIN"
    sleeper "$PLAIN" 4
    cri rmi "$FILLED"
    follows "$OLD" KILL
    [[ $(cat "$(inside 4)/data/plain") == plain ]]
    same_files "$shared/filled/rootfs" "$(inside 3)"
    connected
    [[ $(cri run anew "$PLAIN" /bin/busybox cat /data/plain) == plain ]]
    wake 3
    wake 4
    cri rmi "$PLAIN"
    follows "$NEW" KILL
    wait_until 60 has_slots 2
    follows "$OLD" KILL
}

# An image that cannot be kept fails, with either version, also when it has come anew since: its files may have other numbers.
lost_images_fail() {
    local digest binary
    connected
    cri pull "$FILLED"
    sleeper "$FILLED" 5
    digest=$(HERMES=$OLD status | jq -r '.images[] | select(.image | test("test/filled")) | .manifest')
    daemon_gone KILL
    # As a version leaves it whose trees the other cannot read.
    printf HERMTRE0 | dd of="$ROOT/cache/images/${digest#sha256:}/tree" conv=notrunc
    for binary in "$NEW" "$OLD" "$NEW"; do
        HERMES=$binary daemon_up
        [[ $(HERMES=$binary status | jq -r '.lost[].manifest') == "$digest" ]]
        cold_read_fails "$(inside 5)/data/4"
        same_files "$shared/bundle/rootfs" "$(inside 1)"
        daemon_gone TERM
    done
    daemon_up
    connected
    [[ $(cri run anew "$FILLED" /bin/busybox cmp /data/1 /data/1 && echo same) == same ]]
    wake 5
    remove_pods
}

quietly make_images
quietly make_large_image filled
quietly make_plain_image
for image in "$IMAGE" "$FILLED" "$PLAIN"; do quietly index_build --push --output "$shared/index" "$image"; done
HERMES=$OLD daemon_up
on_exit daemon_end
containerd_start "$shared/containerd" "$SOCKET" "$PAUSE"
on_exit wake_all

check "two containers stand on lazy images of the old version" containers_start
check "the new version and the old one follow each other: readers only wait" there_and_back
check "so they do with each other's holders" holders_of_both
check "each shows, and removes, what the other pulled" each_goes_on_with_the_others_images
check "an image that cannot be kept answers EIO with both" lost_images_fail
check_summary "$(basename "$0" .sh)"
