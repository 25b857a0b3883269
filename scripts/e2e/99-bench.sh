#!/usr/bin/env bash
# hermes bench against a real containerd, with overlayfs and with the daemon as its snapshotters.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"

# on_node [VERB] OPTION...: hermes bench on this containerd and daemon. Its standard error is in bench.log.
on_node() {
    local verb=()
    [[ $1 != files && $1 != sweep ]] || { verb=("$1") && shift; }
    TMPDIR=$shared/tmp "$HERMES" bench "${verb[@]}" --address "$CONTAINERD_SOCKET" --daemon-address "$SOCKET" "$@" 2>>"$shared/bench.log" || {
        local code=$? said
        # Read first: standard error may be that same file.
        said=$(tail -n 3 "$shared/bench.log")
        echo "$said" >&2
        return "$code"
    }
}
# bench OPTION...: measures, and writes the report as JSON.
bench() { on_node --format json "$@"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# holds REPORT FILTER: whether a jq filter is true of a report.
holds() { jq -e "$2" "$1" >/dev/null || { echo "not so: $2" && jq -c "[.sides[].starts[] | [.round, .isCold, .outcome, .error, .completeSeconds, .transfer]]" "$1" | fold -w 250 && return 1; }; }
is_clean() {
    ! ctr_ namespaces ls -q | grep -q hermes-bench && ! grep hermes-bench /proc/self/mountinfo | grep -q "$shared" &&
        [[ -z $(compgen -G "$shared/tmp/*") ]] &&
        [[ -z $(compgen -G "/sys/fs/cgroup/hermes-bench/bench*") ]] && (($(rows) == 0))
}
leaves_nothing() {
    wait_until 30 is_clean || {
        ctr_ namespaces ls
        grep hermes-bench /proc/self/mountinfo
        ls -d "$shared"/tmp/*
        rows
        return 1
    }
}

# ended_with_check PID: kills the bench of a function in the background with the check, should that fail before it: it would go on beside
# those of the next checks.
ended_with_check() { on_exit end_bench "$1"; }
# The bench is a child of the function's shell, or took its place. The number may be that of another process by now.
end_bench() {
    pkill -KILL -P "$1" -f 'hermes bench' || true
    if ps -o args= -p "$1" | grep -q 'hermes bench'; then kill -KILL "$1"; fi
}

compares_two_snapshotters() {
    bench --rounds 2 "$IMAGE" -- /bin/busybox sh -c 'echo begin; cat /data/third' >"$shared/two.json"
    holds "$shared/two.json" '[.sides[].name] == ["overlayfs", "hermes"]'
    holds "$shared/two.json" 'all(.sides[]; [.starts[] | [.round, .isCold, .outcome]] == [[1,true,"complete"],[1,false,"complete"],[2,true,"complete"],[2,false,"complete"]])'
    holds "$shared/two.json" 'all(.sides[].starts[] | select(.isCold); [.phases[].name] == ["resolve","pull","create","start","output","ready"])'
    holds "$shared/two.json" 'all(.sides[].starts[] | select(.isCold | not); [.phases[].name] == ["create","start","output","ready"])'
    # Phases have no gaps.
    holds "$shared/two.json" 'all(.sides[].starts[]; . as $s | all(range(1; $s.phases | length); $s.phases[.].start - $s.phases[. - 1].start - $s.phases[. - 1].seconds | fabs < 1e-6))'
    holds "$shared/two.json" '.workload.imageBytes as $all | all(.sides[0].starts[] | select(.isCold); .transfer.networkBytes == $all)'
    holds "$shared/two.json" '.workload.imageBytes as $all | all(.sides[1].starts[] | select(.isCold); .transfer.networkBytes > 0 and .transfer.networkBytes <= $all and .transfer.memoryBytes > 0)'
    # What a warm start costs is not what was fetched before it.
    holds "$shared/two.json" 'all(.sides[].starts[] | select(.isCold | not); .transfer.networkBytes == 0 and .transfer.imageShare == 0)'
    # The reads of one start are known, in its time and in their order.
    holds "$shared/two.json" 'all(.sides[0].starts[]; .reads == []) and ([.sides[1].starts[] | .reads != []] == [true, false, false, false])'
    holds "$shared/two.json" '.sides[1].starts[0] | (.reads | map(.path) | unique) == ["/bin/busybox", "/data/third"] and (.reads | map(.at)) == (.reads | map(.at) | sort)'
    holds "$shared/two.json" '.sides[1].starts[0] | (.phases[-1] | .start + .seconds) as $last | all(.reads[]; .at >= 0 and .at <= $last and .bytes > 0 and (.isCached == (.seconds == null)))'
    # The whole image came later, and it is said when.
    holds "$shared/two.json" 'all(.sides[].starts[] | select(.isCold); .completeSeconds > 0)'
    leaves_nothing
}
is_cold_each_time() {
    # Each round fetched each layer anew with the one, and no layer whole with the other.
    local mark
    mark=$(log_mark)
    bench --rounds 2 --snapshotter overlayfs "$IMAGE" -- /bin/busybox true >/dev/null
    local digest
    for digest in $(skopeo inspect --raw --tls-verify=false "docker://$IMAGE" | jq -r '.layers[].digest'); do
        (($(tail -c "+$((mark + 1))" "$REGISTRY_LOG" | grep "blobs/$digest " | grep -c '" 200 ') == 2))
    done
}
has_forgotten_earlier_starts() {
    local record count
    bench --rounds 1 --snapshotter hermes "$IMAGE" -- /bin/busybox true >/dev/null
    record=$(compgen -G "$ROOT/cache/startups/*")
    count=$(jq '.spans | length' "$record")
    # Of two starts the daemon keeps the record of the one that read more, unless it has forgotten that.
    jq -c '.spans += [range(100) | 0]' "$record" >"$shared/record"
    cp "$shared/record" "$record"
    bench --rounds 1 --snapshotter hermes "$IMAGE" -- /bin/busybox true >/dev/null
    (($(jq '.spans | length' "$record") <= count + 20))
}
# agrees_with_a_stopwatch SNAPSHOTTER: the bench's times from the resolved image until the workload is ready, against those that a
# program outside sees.
agrees_with_a_stopwatch() {
    local port
    port=$(free_port)
    python3 "$HERMES_ROOT/scripts/e2e/stopwatch.py" "$port" "$shared/stopwatch-$1" &
    on_exit stop_process $!
    wait_until 20 curl -s "http://127.0.0.1:$port/begin" -o /dev/null
    bench --rounds 3 --no-wait --snapshotter "$1" --ready-http "http://127.0.0.1:$port/ready" "$IMAGE" -- /bin/busybox sh -c \
        "trap exit TERM; sleep 1; wget -q -O /dev/null http://127.0.0.1:$port/end; sleep 1000 & wait" >"$shared/watched.json"
    grep 'msg="response completed"' "$REGISTRY_LOG" | grep 'http.request.uri=/v2/test/small/manifests/latest ' | tr -d '"' |
        sed -n 's/^time=\([^ ]*\) .*/\1/p' >"$shared/answers"
    python3 "$HERMES_ROOT/scripts/e2e/stopwatch.py" --compare "$shared/stopwatch-$1" "$shared/watched.json" "$shared/answers"
}
asks_a_server() {
    local port
    port=$(free_port)
    bench --rounds 1 --requests 5 --ready-http "http://127.0.0.1:$port/third" --request "http://127.0.0.1:$port/second" "$IMAGE" -- \
        /bin/busybox httpd -f -p "127.0.0.1:$port" -h /data >"$shared/server.json"
    holds "$shared/server.json" 'all(.sides[].starts[]; .outcome == "complete" and (.warmSeconds | length) == 5)'
    holds "$shared/server.json" 'all(.sides[].starts[]; .phases[-1].name == "request" and .firstByteSeconds <= .firstTokenSeconds)'
    leaves_nothing
    # Enough for a p99, and no more than ten seconds of a slow one. The whole image is seen while they are sent, or after them.
    bench --rounds 1 --snapshotter hermes --ready-http "http://127.0.0.1:$port/third" --request "http://127.0.0.1:$port/second" "$IMAGE" -- \
        /bin/busybox httpd -f -p "127.0.0.1:$port" -h /data >"$shared/server.json"
    holds "$shared/server.json" 'all(.sides[].starts[]; .outcome == "complete" and ((.warmSeconds | length) == 1000 or (.warmSeconds | add) > 9))'
    holds "$shared/server.json" '.sides[0].starts[0].completeSeconds > 0'
    leaves_nothing
}
knows_readiness_by_a_line() {
    bench --rounds 1 --snapshotter hermes --ready-log '^it is (up|there)$' "$IMAGE" -- \
        /bin/busybox sh -c 'echo not yet; sleep 1; echo it is up; sleep 1000' >"$shared/line.json"
    holds "$shared/line.json" '.sides[0].starts[0] | .outcome == "complete" and (.phases[-1] | .name == "ready" and .seconds > 0.9)'
    leaves_nothing
}
shows_failures_as_such() {
    bench --rounds 1 --snapshotter overlayfs "$IMAGE" -- /bin/busybox sh -c 'echo cannot work >&2; exit 3' >"$shared/failed.json"
    holds "$shared/failed.json" '.sides[0].starts | length == 1 and (.[0] | .outcome == "failed" and (.error | test("code 3.*cannot work")))'
    bench --rounds 1 --snapshotter overlayfs --timeout 2s "$IMAGE" -- /bin/busybox sleep 1000 >"$shared/late.json"
    holds "$shared/late.json" '.sides[0].starts | length == 1 and .[0].outcome == "timed-out"'
    leaves_nothing
}
refuses_a_second_and_cleans_up() {
    bench --snapshotter hermes "$IMAGE" -- /bin/busybox sleep 1000 >"$shared/cut.json" &
    local bench=$!
    ended_with_check "$bench"
    wait_until 30 eval 'ctr_ -n hermes-bench tasks ls | grep -q RUNNING'
    fails 69 bench "$IMAGE" -- /bin/busybox true
    grep -q 'another bench measures with the containerd at' "$shared/bench.log"
    ctr_ -n hermes-bench tasks ls | grep -q RUNNING
    # The command is a child of the function's shell.
    pkill -INT -P "$bench" -f 'hermes bench' || kill -INT "$bench"
    local code=0
    wait "$bench" || code=$?
    ((code == 130))
    leaves_nothing
}
clears_what_a_killed_one_left() {
    bench --snapshotter hermes "$IMAGE" -- /bin/busybox sleep 1000 >"$shared/cut.json" &
    local bench=$!
    ended_with_check "$bench"
    wait_until 30 eval 'ctr_ -n hermes-bench tasks ls | grep -q RUNNING'
    pkill -KILL -P "$bench" -f 'hermes bench' || kill -KILL "$bench"
    wait "$bench" || true
    bench --rounds 1 --snapshotter hermes "$IMAGE" -- /bin/busybox true >"$shared/next.json"
    holds "$shared/next.json" '.sides[0].starts[0].outcome == "complete"'
    rm -rf "$shared"/tmp/*
    leaves_nothing
}
refuses_a_node_that_others_use() {
    ctr_ -n others images pull --plain-http --snapshotter overlayfs "$PLAIN"
    ctr_ -n others run --snapshotter overlayfs -d "$PLAIN" busy /bin/busybox sleep 1000
    fails 64 bench "$IMAGE" -- /bin/busybox true
    grep -q 'the namespace others.*--yes' "$shared/bench.log"
    bench --yes --rounds 1 --snapshotter overlayfs "$IMAGE" -- /bin/busybox true >"$shared/yes.json"
    holds "$shared/yes.json" '.sides[0].starts[0].outcome == "complete"'
    # What somebody has is not cold.
    fails 64 bench --yes "$PLAIN" -- /bin/busybox true
    grep -q 'would not start cold: the namespace others' "$shared/bench.log"
    ctr_ -n others tasks kill -s KILL busy
    wait_until 20 eval '! ctr_ -n others tasks ls | grep -q RUNNING'
    ctr_ -n others tasks rm busy || true
    ctr_ -n others containers rm busy
    ctr_ -n others images rm --sync "$PLAIN"
}
# files OPTION...: which files a start touches, as JSON.
files() { on_node files --format json "$@"; }
# says REPORT FILTER [ARGUMENT...]: whether a jq filter is true of what a start touched.
says() {
    local report=$1 filter=$2
    shift 2
    jq -e "$@" "$filter" "$report" >/dev/null || { echo "not so: $filter" && jq -c . "$report" | fold -w 250 && return 1; }
}
knows_what_a_start_touches() {
    local rootfs=$shared/bundle/rootfs count bytes
    files "$IMAGE" -- /bin/busybox sh -c 'cat /data/third; head -c 100000 /data/large >/dev/null' >"$shared/files.json"
    says "$shared/files.json" '.format == 1 and .phases[0].name == "resolve" and .phases[-1].name == "ready"'
    # The larger one has two names, of which one is given.
    says "$shared/files.json" '[.touched[].path] == ["/data/again", "/bin/busybox", "/data/third"]'
    says "$shared/files.json" '.touched[0] | .bytes == 3000000 and .readBytes >= 100000 and .readBytes < 3000000'
    says "$shared/files.json" '.touched[2] | .bytes == 6 and .readBytes == 6 and .layer == 2 and .at > 0'
    says "$shared/files.json" '[.untouchedFiles[] | [.path, .bytes]] == [["/data/second", 2000000]]'
    # All files of the image are in one layer each.
    count=$(find "$rootfs" -type f -printf '%i %s\n' | sort -u | wc -l)
    bytes=$(find "$rootfs" -type f -printf '%i %s\n' | sort -u | awk '{ sum += $2 } END { print sum }')
    # shellcheck disable=SC2016
    says "$shared/files.json" '([.layers[].files] | add) == $count and ([.layers[].fileBytes] | add) == $bytes' \
        --argjson count "$count" --argjson bytes "$bytes"
    says "$shared/files.json" '[.layers[].touchedFiles] == [2, 0, 1]'
    leaves_nothing
    on_node files "$IMAGE" -- /bin/busybox true >"$shared/table"
    grep -q '^/bin/busybox ' "$shared/table"
    grep -q '^/data  *3 ' "$shared/table"
}
needs_an_index_to_know_files() {
    fails 66 files "$PLAIN" -- /bin/busybox true
    grep -q 'recorded no read of .*an index' "$shared/bench.log"
    leaves_nothing
}
# sweep OPTION...: reads shares of an image, and writes the result as JSON.
sweep() { on_node sweep --format json "$@"; }
reads_shares_of_an_image() {
    local rootfs=$shared/bundle/rootfs bytes
    bytes=$(find "$rootfs" -type f -printf '%i %s\n' | sort -u | awk '{ sum += $2 } END { print sum }')
    sweep --shares 100,10 --rounds 2 "$IMAGE" >"$shared/sweep.json"
    # shellcheck disable=SC2016
    says "$shared/sweep.json" '.format == 1 and .fileBytes == $bytes and [.shares[].share] == [0.1, 1] and .shares[1].bytes == $bytes' --argjson bytes "$bytes"
    says "$shared/sweep.json" '(.shares[0].bytes - .fileBytes / 10) | fabs <= 1'
    says "$shared/sweep.json" 'all(.shares[]; [.sides[].name] == ["overlayfs", "hermes"] and all(.sides[]; [.starts[].round] == [1, 2]))'
    says "$shared/sweep.json" 'all(.shares[].sides[].starts[]; .isCold and .outcome == "complete" and [.phases[].name] == ["resolve","pull","create","ready"])'
    says "$shared/sweep.json" '.workload.imageBytes as $all | all(.shares[].sides[0].starts[]; .transfer.networkBytes == $all)'
    # All bytes were read, so all layers were fetched.
    says "$shared/sweep.json" '.workload.imageBytes as $all | all(.shares[1].sides[1].starts[]; .transfer.networkBytes > 0.9 * $all)'
    says "$shared/sweep.json" 'all(.summary.rows[].sides[]; .failed == 0 and .seconds.count == 2)'
    says "$shared/sweep.json" '[.summary.crossovers[] | [.name, .first]] == [["hermes", "overlayfs"]]'
    leaves_nothing
    on_node sweep --shares 50 "$IMAGE" >"$shared/table"
    grep -q '^ *50 %  .*MiB .* m\?s  *[0-9.]* ' "$shared/table"
    grep -q '^crossover: ' "$shared/table"
}
sweeps_an_image_without_an_index() {
    sweep --shares 50 "$PLAIN" >"$shared/sweep.json"
    says "$shared/sweep.json" '.workload.imageBytes as $all | all(.shares[].sides[].starts[]; .outcome == "complete" and .transfer.networkBytes == $all)'
    leaves_nothing
}
stops_a_sweep() {
    local mark bench code=0
    mark=$(($(stat -c %s "$shared/bench.log") + 1))
    sweep --rounds 300 "$IMAGE" >"$shared/cut.json" &
    bench=$!
    ended_with_check "$bench"
    wait_until 60 eval 'tail -c "+$mark" "$shared/bench.log" | grep -q "round 1 of 300: hermes, share [3-6] of 6"'
    # The command is a child of the function's shell.
    pkill "-$1" -P "$bench" -f 'hermes bench' || kill "-$1" "$bench"
    wait "$bench" || code=$?
    ((code == $2))
}
leaves_nothing_of_a_sweep() {
    stops_a_sweep INT 130
    leaves_nothing
    # What a killed one left is cleared away by the next, also a mount that was just made.
    stops_a_sweep KILL 137
    mkdir "$shared/tmp/hermes-bench.abcdef"
    mount -t tmpfs none "$shared/tmp/hermes-bench.abcdef"
    sweep --shares 100 "$IMAGE" >"$shared/sweep.json"
    says "$shared/sweep.json" 'all(.shares[].sides[].starts[]; .outcome == "complete")'
    leaves_nothing
}
forgets_what_containerd_does_not_know() {
    {
        skopeo inspect --tls-verify=false --config "docker://$IMAGE"
        skopeo inspect --tls-verify=false "docker://$IMAGE"
    } | jq -s '{config: .[0], digest: .[1].Digest, layers: .[1].Layers}' >"$shared/image.json"
    /usr/bin/python3 "$HERE/orphan.py" "$SOCKET" hermes-bench "$IMAGE" <"$shared/image.json"
    (($(rows) == 1))
    bench --rounds 1 --snapshotter hermes "$IMAGE" -- /bin/busybox true >"$shared/next.json"
    holds "$shared/next.json" '.sides[0].starts | length == 2 and all(.[]; .outcome == "complete")'
    leaves_nothing
}
says_what_is_wrong() {
    fails 64 bench --snapshotter no-such "$IMAGE"
    grep -q 'has no snapshotter no-such (it has .*overlayfs' "$shared/bench.log"
    fails 69 "$HERMES" bench --address "$shared/nobody.sock" "$IMAGE"
    fails 64 bench --ready-log '(' "$IMAGE"
    fails 64 bench --ready-exit --ready-log x "$IMAGE"
    fails 64 bench --request http://127.0.0.1/ "$IMAGE"
    fails 64 sweep --shares 0,50 "$IMAGE"
    fails 64 sweep --snapshotter no-such "$IMAGE"
}
# fails CODE COMMAND...: whether a command fails with a code.
fails() {
    local expected=$1 code=0
    shift
    "$@" >/dev/null 2>>"$shared/bench.log" || code=$?
    ((code == expected)) || { echo "code $code, and not $expected" && tail -n 3 "$shared/bench.log" && return 1; }
}

quietly make_images
PAUSE=$REGISTRY/test/pause:latest
quietly make_plain_image
quietly index_build --push --output "$shared/index" "$IMAGE"
mkdir "$shared/tmp"
on_exit daemon_end
daemon_up
containerd_start "$shared/containerd" "$SOCKET"

check "it compares two snapshotters, cold and warm" compares_two_snapshotters
check "each cold start is cold" is_cold_each_time
check "each cold start is the first that the daemon sees" has_forgotten_earlier_starts
check "with overlayfs it agrees with a stopwatch" agrees_with_a_stopwatch overlayfs
check "with hermes it agrees with a stopwatch" agrees_with_a_stopwatch hermes
check "it waits for a server and asks it" asks_a_server
check "a line makes a workload ready" knows_readiness_by_a_line
check "a failed and a late start are shown as such" shows_failures_as_such
check "a second one is refused; interrupted, the first leaves nothing" refuses_a_second_and_cleans_up
check "after kill -9 the next one clears up" clears_what_a_killed_one_left
check "it removes a layer that containerd does not know" forgets_what_containerd_does_not_know
check "it leaves a node alone that others use" refuses_a_node_that_others_use
check "it knows which files a start touches" knows_what_a_start_touches
check "without an index nothing is said of files" needs_an_index_to_know_files
check "a sweep reads shares of an image from cold" reads_shares_of_an_image
check "a sweep takes an image without an index" sweeps_an_image_without_an_index
check "stopped or killed, a sweep leaves nothing" leaves_nothing_of_a_sweep
check "it says what is wrong" says_what_is_wrong
check_summary "$(basename "$0" .sh)"
