#!/usr/bin/env bash
# What a single static binary promises: fully static, stripped, under 50 MB, runs in an empty root with only /proc, and
# every way of calling a role works. Prints one ok or FAIL line per check, then the counts.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/check.sh"
binary=$HERMES_ROOT/bin/hermes
[[ -x $binary ]] || die "no bin/hermes: run make"
make_temp work

fully_static() {
    local text
    text=$(LC_ALL=C ldd "$binary" 2>&1 || true)
    [[ $text == *"not a dynamic executable"* ]]
}
stripped() { [[ $(readelf --wide --sections "$binary") != *" .symtab"* ]]; }
small() { (($(stat -c %s "$binary") < 50000000)); }
# no_icu: without the data of ICU, tens of megabytes that only the whole of Foundation needs; every table begins with its name.
no_icu() { ! grep -qaF icudt "$binary"; }
empty_root() {
    mkdir -p "$work/root/proc"
    cp "$binary" "$work/root/hermes"
    mount -t proc proc "$work/root/proc"
    on_exit unmount "$work/root/proc"
    chroot "$work/root" /hermes --help
}
# starts_fast: the fastest of twenty starts, so that a busy machine does not count.
starts_fast() {
    python3 - "$binary" <<'PYTHON'
import subprocess, sys, time
def once():
    start = time.perf_counter()
    subprocess.run([sys.argv[1], "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start
best = min(once() for _ in range(20)) * 1000
print(f"{best:.1f} ms")
sys.exit(best >= 10)
PYTHON
}
lists_roles() {
    local roles
    roles=$("$binary" --list | awk '{print $1}')
    grep -qx index <<<"$roles"
    grep -qx mount <<<"$roles"
    grep -qx daemon <<<"$roles"
    grep -qx controller <<<"$roles"
    grep -qx bench <<<"$roles"
}
link_is_role() {
    ln -sf "$binary" "$work/hermes-$1"
    grep -q -e "$2" <<<"$("$work/hermes-$1" --help)"
}
unknown_role() {
    local status=0
    "$binary" no-such-role 2>"$work/error" || status=$?
    cat "$work/error"
    ((status == 64))
    grep -q index "$work/error"
    grep -q mount "$work/error"
}

check "ldd: not a dynamic executable" fully_static
check "stripped" stripped
check "under 50 MB" small
check "without ICU's data" no_icu
check "runs in an empty root with only /proc" empty_root
check "starts in under 10 ms" starts_fast
check "hermes --list names the roles" lists_roles
check "hermes-index is a role by its name" link_is_role index build
check "hermes-mount is a role by its name" link_is_role mount --cache
check "hermes-daemon is a role by its name" link_is_role daemon proxy_plugins
check "hermes-controller is a role by its name" link_is_role controller HermesPolicy
check "hermes-bench is a role by its name" link_is_role bench compare
check "an unknown role: exit code 64, and what exists" unknown_role
check_summary binary
