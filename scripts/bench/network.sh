# shellcheck shell=bash
# A slow network for the benchmarks: a network namespace whose only way to this one has a rate and a delay. Source after
# lib.sh.

# link_up DELAY_US MBIT: makes the link. Sets LINK_SERVER (this side's address) and LINK_SPACE (the other side's namespace).
link_up() {
    local name=hermes-bench-$$
    LINK_SPACE=/var/run/netns/$name
    LINK_SERVER=10.213.77.1
    ip netns add "$name"
    on_exit ip netns delete "$name"
    gcc -O2 -Wall -Wextra -o "$WORK/link" "$HERE/link.c"
    "$WORK/link" "$LINK_SPACE" "$1" "$2" >"$WORK/link.out" &
    on_exit stop_process "$!"
    wait_until 5 grep -q ready "$WORK/link.out" || die "the link did not come up"
    ip address add "$LINK_SERVER/30" dev hermes0
    ip link set hermes0 mtu 9000 up
    beyond ip address add 10.213.77.2/30 dev hermes0
    beyond ip link set hermes0 mtu 9000 up
    beyond ip link set lo up
}

# beyond COMMAND...: runs COMMAND on the other side of the link. Only its network is another one.
beyond() { nsenter --net="$LINK_SPACE" "$@"; }
