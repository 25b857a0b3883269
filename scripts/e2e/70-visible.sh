#!/usr/bin/env bash
# What a mount shows of itself: the hidden state folder, metrics, log lines and progress.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

READER=$HERMES_ROOT/Tests/HermesCoreTests/Fixtures/metrics-read.py
make_temp shared
quietly index_build --output "$shared/index" "$NASTY_IMAGE"
python3 "$HERE/unpack.py" "$NASTY" "$shared/tree"

mount_nasty() { mount_image --index "$shared/index" --cache "$1.cache" "$NASTY_IMAGE" "$1"; }
# state EXPRESSION, metric NAME: what the mount says now. A pass that follows at once would see the last one's contents.
state() { sleep 0.1 && jq -er "$1" "$work/mount/.hermes/state.json"; }
metric() { sleep 0.1 && python3 "$READER" <"$work/mount/.hermes/metrics" | jq -er --arg name "$1" '.[$name]'; }

state_follows_reads() {
    make_temp work
    mount_nasty "$work/mount"
    local digest
    digest=$(jq -r '.manifests[0].digest' "$NASTY/index.json")
    [[ $(state .image) == "$NASTY_IMAGE" && $(state .manifest) == "$digest" ]]
    [[ $(state '.layers | map(.digest) | join(" ")') == "$(jq -r '.layers | map(.digest) | join(" ")' "$NASTY/blobs/sha256/${digest#*:}")" ]]
    [[ $(state '.totals | .presentBytes + .fetchedBytes + .reads') == 0 ]]
    state '.layers | all(.complete | not)'
    cat "$work/mount/odd-size" >/dev/null
    local some all
    some=$(state '.layers | map(.presentSpans) | add')
    ((some > 0))
    state '.totals.complete | not'
    find "$work/mount" -type f -exec cat {} + >/dev/null
    all=$(state '.layers | map(.presentSpans) | add')
    ((all > some))
    # Every layer that holds data of a file is whole; the last one holds none.
    state '.layers[0].complete and .layers[0].presentBytes == .layers[0].bytes and .layers[0].fetchedBytes > 0'
    state '.parkedReads == 0 and .hungReads == [] and .lastError == null'
}
metrics_follow_reads() {
    make_temp work
    mount_nasty "$work/mount"
    [[ $(metric 'hermes_reads_total{source="cache"}') == 0 ]]
    dd if="$work/mount/big" of=/dev/null bs=64k count=4 iflag=direct status=none
    local fetched cached
    fetched=$(metric 'hermes_reads_total{source="fetch"}')
    cached=$(metric 'hermes_reads_total{source="cache"}')
    ((fetched >= 1 && fetched + cached == 4))
    (($(metric 'hermes_read_bytes_total{source="fetch"}') + $(metric 'hermes_read_bytes_total{source="cache"}') == 262144))
    dd if="$work/mount/big" of=/dev/null bs=64k count=4 iflag=direct status=none
    (($(metric 'hermes_reads_total{source="cache"}') == cached + 4))
    (($(metric 'hermes_reads_total{source="fetch"}') == fetched))
    (($(metric 'hermes_parked_read_duration_seconds_count') == fetched))
    (($(metric 'hermes_fetch_requests_total{urgency="demand"}') >= 1))
    (($(metric 'hermes_http_responses_total{class="2xx"}') >= 1))
    (($(metric 'hermes_parked_reads') == 0 && $(metric 'hermes_hung_reads') == 0))
    [[ $(metric 'hermes_cache_bytes') == "$(state '.totals.presentUncompressedBytes')" ]]
}
# The kernel does not open files of a mount, so their contents must be right without: whatever reads them.
every_reader() {
    make_temp work
    mount_nasty "$work/mount"
    local file=$work/mount/.hermes/metrics round
    for round in 1 2 3; do
        dd if="$work/mount/big" of=/dev/null bs=4k count=3 skip="$round" iflag=direct status=none
        sleep 0.1
        cat "$file" >"$work/cat"
        cp "$file" "$work/cp"
        head -n 1000000 "$file" >"$work/head"
        dd if="$file" of="$work/dd" bs=100 status=none
        dd if="$file" of="$work/direct" bs=4096 iflag=direct status=none
        python3 -c 'import mmap, sys; file = open(sys.argv[1], "rb"); sys.stdout.buffer.write(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))' "$file" >"$work/mmap"
        cmp "$work/cat" "$work/cp" && cmp "$work/cat" "$work/head" && cmp "$work/cat" "$work/dd"
        cmp "$work/cat" "$work/direct" && cmp "$work/cat" "$work/mmap"
        python3 "$READER" <"$work/cat" >"$work/now"
        not cmp "$work/now" "$work/before" 2>/dev/null
        mv "$work/now" "$work/before"
    done
    # One that stays open is read anew, and tail sees a change without an end of its own.
    exec {OPEN}<"$file"
    cat <&"$OPEN" >/dev/null
    dd if="$work/mount/big" of=/dev/null bs=4k count=3 iflag=direct status=none
    sleep 1.2
    python3 -c 'import os, sys; os.lseek(int(sys.argv[1]), 0, 0); sys.stdout.buffer.write(os.read(int(sys.argv[1]), 1 << 20))' "$OPEN" |
        python3 "$READER" >"$work/again"
    not cmp "$work/again" "$work/before"
    local status=0
    timeout 3 tail -f "$file" >/dev/null 2>&1 || status=$?
    ((status == 124))
}
# Documents are whole while somebody reads the image and others read the state.
never_torn() {
    make_temp work
    mount_nasty "$work/mount"
    local pids=() i
    dd if="$work/mount/big" of=/dev/null bs=4k iflag=direct status=none &
    pids+=($!)
    for i in 1 2 3; do
        python3 - "$work/mount/.hermes/state.json" <<'PYTHON' &
import json, sys, time
written = set()
start = time.monotonic()
# Other readers may keep the contents as they are for some seconds.
while time.monotonic() < start + (3 if len(written) > 1 else 30):
    with open(sys.argv[1], "rb") as file:
        written.add(json.loads(file.read())["written"])
    time.sleep(0.03)
assert len(written) >= 2, written
PYTHON
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
}
hidden() {
    make_temp work
    mount_nasty "$work/mount"
    cat "$work/mount/.hermes/state.json" >/dev/null
    [[ $(ls -A "$work/mount/.hermes" | tr '\n' ' ') == "metrics state.json " ]]
    [[ $(stat -c '%a %u' "$work/mount/.hermes" "$work/mount/.hermes/metrics" | tr '\n' ' ') == "500 0 400 0 " ]]
    (cd "$work/mount" && ls -a && find . && tar -cf - . | tar -tf -) >"$work/names"
    grep -q '/big$' "$work/names"
    not grep hermes "$work/names"
    treediff "$shared/tree" "$work/mount"
    not touch "$work/mount/.hermes/new"
    not rm "$work/mount/.hermes/metrics"
    not cat "$work/mount/.hermes/other"
    not ls "$work/mount/etc/.hermes"
    not setpriv --reuid 65534 --clear-groups cat "$work/mount/.hermes/metrics"
    not setpriv --reuid 65534 --clear-groups ls "$work/mount/.hermes"
    [[ -z $(getfattr -d -m - "$work/mount/.hermes/metrics") ]]
}
image_wins() {
    make_temp work
    mkdir -p "$work/tree/.hermes"
    echo "the image's" >"$work/tree/.hermes/state.json"
    python3 "$HERMES_ROOT/scripts/oci_layout.py" "$work/image" "$work/tree"
    quietly index_build --output "$work/index" "oci:$work/image"
    mount_image --index "$work/index" --cache "$work/cache" "oci:$work/image" "$work/mount"
    [[ $(cat "$work/mount/.hermes/state.json") == "the image's" && ! -e $work/mount/.hermes/metrics ]]
    grep -qx '.hermes' <<<"$(ls -A "$work/mount")"
}
# The registry does not answer: reads wait, the state names them, and they go on.
hangs() {
    make_temp work
    cp -a "$E2E_WORK/registry/data" "$work/data"
    local log=$REGISTRY_LOG
    registry_start "$work"
    mount_image --index "$shared/index" --cache "$work/cache" \
        "$REGISTRY/test/nasty:latest" "$work/mount"
    kill -STOP "$REGISTRY_PID"
    cat "$work/mount/big" >"$work/big" &
    local reader=$!
    wait_until 10 state '.parkedReads > 0'
    wait_until 30 state '.hungReads | any(.file == "/big" and .seconds > 10 and .span >= 0)'
    (($(metric hermes_hung_reads) > 0))
    [[ $(state '.hungReads[0].layer') == "$(state '.layers[0].digest')" ]]
    kill -CONT "$REGISTRY_PID"
    wait "$reader"
    cmp "$work/big" "$shared/tree/big"
    state '.parkedReads == 0 and .hungReads == []'
    REGISTRY_LOG=$log
}
# The registry is gone, and back: one line when it begins and one when it ends, whatever was tried meanwhile.
outage() {
    make_temp work
    cp -a "$E2E_WORK/registry/data" "$work/data"
    local log=$REGISTRY_LOG
    registry_start "$work"
    mount_image --log-level notice --index "$shared/index" --cache "$work/cache" "$REGISTRY/test/nasty:latest" "$work/mount"
    stop_process "$REGISTRY_PID"
    cat "$work/mount/big" >"$work/big" &
    local reader=$!
    wait_until 20 grep -q '^warning: the registry does not answer' "$MOUNT_LOG"
    wait_until 10 state '.lastError.message | test("cannot reach")'
    sed -i "s/addr: \"127.0.0.1:0\"/addr: \"$REGISTRY\"/" "$work/config.yml"
    env -u REGISTRY_LOG -u REGISTRY_PID docker-registry serve "$work/config.yml" >"$work/again.log" 2>&1 &
    on_exit stop_process "$!"
    wait "$reader"
    cmp "$work/big" "$shared/tree/big"
    cat "$MOUNT_LOG"
    (($(grep -c '^warning: the registry does not answer.*image: .*layer: sha256:.*span: ' "$MOUNT_LOG") == 1))
    (($(grep -c '^notice: the registry answers again' "$MOUNT_LOG") == 1))
    (($(grep -c . "$MOUNT_LOG") == 3))
    (($(metric 'hermes_span_retries_total{reason="unavailable"}') > 0 && $(metric hermes_http_failures_total) >= 3))
    REGISTRY_LOG=$log
}
json_lines() {
    make_temp work
    mkdir "$work/mount"
    "$HERE/push.py" "$NASTY" "$REGISTRY" test/visible latest
    "$HERMES" mount --plain-http --log-format json --log-level debug --index "$shared/index" --cache "$work/cache" \
        "$REGISTRY/test/visible:latest" "$work/mount" 2>"$work/log" &
    local mount=$!
    on_exit unmount "$work/mount"
    on_exit stop_process "$mount"
    wait_until 60 grep -q '"mounted ' "$work/log"
    # The layer goes from the registry: reads fail, and say so.
    local digest path
    digest=$(jq -r '.layers[0].digest' "$NASTY/blobs/sha256/$(jq -r '.manifests[0].digest' "$NASTY/index.json" | cut -d: -f2)")
    path=$E2E_WORK/registry/data/docker/registry/v2/repositories/test/visible/_layers/sha256/${digest#*:}
    rm -r "$path"
    not cat "$work/mount/big" >/dev/null
    state '.totals.failedReads > 0 and (.lastError.message | test("has no"))'
    (($(metric hermes_read_failures_total) > 0))
    kill -INT "$mount"
    wait "$mount" || true
    cat "$work/log"
    jq -es 'all(.time | test("^20[0-9-]+T[0-9:.]+Z$"))' "$work/log"
    jq -es --arg layer "$digest" 'map(select(.message == "read fails with EIO")) |
        length > 0 and all(.file == "/big" and .layer == $layer and .level == "error" and (.span | test("^[0-9]+$")) and
        (.cause | length > 0) and (.image | endswith("/test/visible:latest")))' "$work/log"
    jq -es 'any(.message | startswith("fetched "))' "$work/log"
}
progress_on_a_terminal() {
    make_temp work
    mkdir "$work/mount"
    local status
    cat >"$work/run" <<SCRIPT
stty cols 60
exec "$HERMES" mount --plain-http --fill --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
SCRIPT
    script -qfec "bash $work/run" "$work/typescript" </dev/null >/dev/null &
    local terminal=$!
    on_exit unmount "$work/mount"
    wait_until 60 grep -q '100 % of' "$work/typescript"
    wait_until 60 grep -q 'the image is complete' "$work/typescript"
    umount "$work/mount"
    wait "$terminal"
    cat -v "$work/typescript"
    # What a terminal shows in the end: lines of their own, no rest of the progress, nothing wider than the terminal.
    python3 - "$work/typescript" <<'PYTHON'
import re, sys
text = open(sys.argv[1], newline="").read()
text = text[text.index("\n") + 1:text.rindex("Script done")]
shown = []
for line in text.replace("\r\n", "\n").split("\n"):
    parts = re.split(r"\r\x1b\[K", line)
    assert all(len(part) < 60 for part in parts[1:] if part.startswith("[")), parts
    shown.append(parts[-1])
shown = [line for line in shown if line]
assert [line.split(" ")[0] for line in shown] == ["mounted", "the", "fetched"], shown
PYTHON
}
quiet_elsewhere() {
    make_temp work
    mount_image --fill --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
    wait_until 60 grep -q 'the image is complete' "$MOUNT_LOG"
    end_mount INT || true
    cat -v "$MOUNT_LOG"
    [[ $(cut -d' ' -f1 "$MOUNT_LOG" | tr '\n' ' ') == "mounted the fetched " ]]
}

check "state.json follows the reads" state_follows_reads
check "metrics follow the reads" metrics_follow_reads
check "state files are right without open, for every reader" every_reader
check "state files are whole for many readers at once" never_torn
check "hidden from what walks the image, and private" hidden
check "an image's own .hermes wins" image_wins
check "what hangs is named, and then goes on" hangs
check "an outage is two lines in the log" outage
check "log lines as JSON, with image, layer, span, file and cause" json_lines
check "progress on a terminal leaves nothing behind" progress_on_a_terminal
check "no progress where there is no terminal" quiet_elsewhere
check_summary "$(basename "$0" .sh)"
