"""What `wharf opt` makes of modules beside binaryen's `wasm-opt`: sizes without custom sections, and processor time.

    python3 opt.py --wharf target/release/wharf --binaryen "node .../binaryen/bin/wasm-opt --all-features --disable-compact-imports"
        [--level z] [--threads 1] [--runs 3] FILE...

Both get the same files, levels and number of threads, one after the other; of several runs the fastest counts. Results that are not
valid (`wharf validate`) are said to be so. Geometric means at the end: below 1 is less than binaryen.
"""

import argparse, math, os, resource, shlex, subprocess, sys, tempfile


def size(path):
    """Bytes of a module without custom sections."""
    data = open(path, "rb").read()
    at, total = 8, 8
    while at < len(data):
        start, number = at, data[at]
        at += 1
        length = shift = 0
        while True:
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        at += length
        total += at - start if number else 0
    return total


def timed(command, env, runs):
    """The least time of the processor that a command took, in seconds; none if it failed."""
    best = None
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            return None
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = took if best is None else min(best, took)
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wharf", required=True)
    parser.add_argument("--binaryen", required=True)
    parser.add_argument("--level", default="z")
    parser.add_argument("--threads", default=str(os.cpu_count()))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    env = dict(os.environ, BINARYEN_CORES=options.threads)
    sizes, times = [], []
    print(f"{'module':28} {'before':>9} {'wharf':>9} {'binaryen':>9} {'size':>6} {'time':>6}")
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = os.path.join(folder, "ours.wasm"), os.path.join(folder, "theirs.wasm")
        for file in options.files:
            level = f"-O{options.level}"
            wharf = [options.wharf, "opt", file, level, "-q", "--threads", options.threads, "-o", ours]
            binaryen = shlex.split(options.binaryen) + [level, file, "-o", theirs]
            took = [timed(wharf, env, options.runs), timed(binaryen, env, options.runs)]
            name = os.path.basename(file)
            if None in took:
                print(f"{name:28} failed: {'wharf' if took[0] is None else 'binaryen'}")
                continue
            if subprocess.run([options.wharf, "validate", ours]).returncode:
                print(f"{name:28} is not valid")
                continue
            sizes.append(size(ours) / size(theirs))
            times.append(took[0] / took[1])
            print(f"{name:28} {size(file):9} {size(ours):9} {size(theirs):9} {sizes[-1]:6.3f} {times[-1]:6.3f}", flush=True)
    if sizes:
        mean = lambda ratios: math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"geometric means of {len(sizes)}: size {mean(sizes):.4f}, time {mean(times):.4f}; largest size {max(sizes):.4f}")
    sys.exit(0 if sizes else 1)


main()
