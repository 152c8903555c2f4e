#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# All tests, from a fresh Debian machine on: warnings as errors, suites, style and transcripts;
# the same under the address, undefined behaviour and leak sanitizers; each fuzz target for
# FUZZ_SECONDS (20); the Python tests. Goes on after a failure, and ends with a summary and
# status 1 when anything failed.
set -u
cd "$(dirname "$0")/.."

FUZZ_SECONDS=${FUZZ_SECONDS:-20}
JOBS=$(nproc)

# SimGrid switches stacks behind the sanitizer's back, and keeps some memory to the end of the
# program: tests/lsan.supp names what is SimGrid's.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=0:allocator_may_return_null=1}
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$PWD/tests/lsan.supp:print_suppressions=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

summary=()
failed=0

# Runs a step by its title and keeps how it ended and how long it took.
step() {
    local title=$1 start=$SECONDS result=ok
    shift
    printf '\n== %s\n' "$title"
    "$@" || { result=FAILED && failed=1; }
    summary+=("$(printf '%-6s %4d s  %s' "$result" $((SECONDS - start)) "$title")")
}

build() {
    cmake --preset "$1" >/dev/null && cmake --build --preset "$1" "${@:2}" -- --quiet
}

preset() {
    build "$1" && ctest --preset "$1" --progress -j "$JOBS" "${@:2}"
}

# One target: with its corpus, and what it finds new in a scratch folder. A finding is kept.
fuzz() {
    local target=$1 name scratch status
    name=$(basename "$target")
    scratch=$(mktemp -d)
    "$target" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="build-fuzz/$name-" "$scratch" "tests/fuzz/corpus/$name" \
        > "build-fuzz/$name.log" 2>&1
    status=$?
    rm -r "$scratch"
    [ $status -eq 0 ] && grep DONE "build-fuzz/$name.log" || tail -n 60 "build-fuzz/$name.log"
    return $status
}

step "packages" scripts/setup.sh
step "dev: build with warnings as errors, all tests" preset dev
# Under the sanitizers SimGrid's actors are threads: the suites that start an engine for each of
# hundreds of drawn cases, sweeps, and those that judge or simulate whole spaces, are left to the run above.
step "asan: the same under the sanitizers" preset asan -LE style \
    -E "^(sweep.*|uncertainty.*|unit\.(claim_inputs|coalescing|fold|fold_beside|search|transport))$"
step "fuzz: build" build fuzz --target fuzzers
for target in build-fuzz/fuzz_*; do
    [ -f "$target" ] && [ -x "$target" ] && step "fuzz: ${target##*/} for $FUZZ_SECONDS s" fuzz "$target"
done
if [ -d tests/analysis ]; then
    export TRNSIM_PROGRAM=$PWD/build-dev/trnsim  # not the one of the sanitizers, which was built later
    step "python" /usr/bin/python3 -m pytest -q -p no:cacheprovider -n "$JOBS" --dist loadfile tests/analysis
fi

printf '\n== summary\n'
printf '%s\n' "${summary[@]}"
[ $failed -eq 0 ] && echo "all tests passed in $SECONDS s" || echo "tests FAILED"
exit $failed
