"""Instructions that programs take in wasmtime and in V8, for machines whose clock cannot be trusted: the same modules, as several tools left them.

    python3 instructions.py --programs programs.json [--wasmtime wasmtime] [--node node] [--only lua,zlib] LABEL=FOLDER LABEL=FOLDER...

Counted by cachegrind of Valgrind. `programs.json` names the programs and their arguments: `{"programs": [{"name": "lua", "small": 3}, ...]}`; each
folder has `NAME.wasm` of each, WASI preview 1. In wasmtime all instructions of the process count but those of compiling, in V8 those of the code that
TurboFan made of the module: code without a symbol. Geometric means at the end, as multiples of the first folder. What a program prints must be the
same everywhere.
"""

import argparse, json, math, os, re, subprocess, sys, tempfile

# Cachegrind knows nothing beyond this.
FEATURES = "sse3 ssse3 sse41 sse42 popcnt bmi1 bmi2 lzcnt avx avx2 fma".split()

WASI = """
import { WASI } from "node:wasi";
import { readFileSync } from "node:fs";
const args = process.argv.slice(2);
const wasi = new WASI({ version: "preview1", args, env: {}, returnOnExit: true });
const module = new WebAssembly.Module(readFileSync(args[0]));
process.exitCode = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
"""


def counted(command, out):
    """What a command prints and how many instructions it takes: all, and those of code without a symbol."""
    valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--smc-check=all-non-file", f"--cachegrind-out-file={out}"]
    run = subprocess.run(valgrind + command, capture_output=True, text=True)
    found = re.search(r"I\s+refs:\s+([\d,]+)", run.stderr)
    if not found:
        sys.exit(f"{' '.join(command)}: {run.stderr[-500:]}")
    unnamed, is_unnamed = 0, False
    for line in open(out):
        if line.startswith("fn="):
            is_unnamed = line.startswith("fn=???")
        elif is_unnamed and line[0].isdigit():
            unnamed += int(line.split()[1])
    return run.stdout, int(found.group(1).replace(",", "")), unnamed


def in_wasmtime(wasmtime, path, argument, folder):
    code, out = f"{folder}/code.cwasm", f"{folder}/counts"
    features = [word for name in FEATURES for word in ("-C", f"cranelift-has_{name}")]
    subprocess.run([wasmtime, "compile", "--target", "x86_64-unknown-linux-gnu", *features, path, "-o", code], check=True)
    printed, all_of_them, _ = counted([wasmtime, "run", "--allow-precompiled", code, argument], out)
    return printed, all_of_them


def in_v8(node, path, argument, folder):
    script, out = f"{folder}/wasi.mjs", f"{folder}/counts"
    open(script, "w").write(WASI)
    flags = ["--no-warnings", "--no-liftoff", "--no-wasm-lazy-compilation", "--single-threaded"]
    printed, _, unnamed = counted([node, *flags, script, path, argument], out)
    return printed, unnamed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--wasmtime")
    parser.add_argument("--node")
    parser.add_argument("--only")
    parser.add_argument("folders", nargs="+", metavar="LABEL=FOLDER")
    options = parser.parse_args()
    folders = [folder.split("=", 1) for folder in options.folders]
    engines = [("wasmtime", in_wasmtime, options.wasmtime), ("V8", in_v8, options.node)]
    engines = [engine for engine in engines if engine[2]]
    ratios = {}
    with tempfile.TemporaryDirectory() as scratch:
        for program in json.load(open(options.programs))["programs"]:
            name, argument = program["name"], str(program["small"])
            paths = [f"{folder}/{name}.wasm" for _, folder in folders]
            if options.only and name not in options.only.split(",") or not all(map(os.path.exists, paths)):
                continue
            row = [f"{name:12}"]
            for engine, count, binary in engines:
                found = [count(binary, path, argument, scratch) for path in paths]
                for (label, _), (printed, instructions) in zip(folders, found):
                    if printed != found[0][0]:
                        row.append("DIFFERENT OUTPUT")
                    ratio = instructions / found[0][1]
                    ratios.setdefault((engine, label), []).append(ratio)
                    row.append(f"{engine} {label} {ratio:.3f}")
            print("  ".join(row), flush=True)
    for (engine, label), all_of_them in ratios.items():
        mean = math.exp(sum(map(math.log, all_of_them)) / len(all_of_them))
        print(f"{engine} {label}: {mean:.4f} over {len(all_of_them)} programs")


if __name__ == "__main__":
    main()
