// Runs `run(n)` of a module in the engine of Node and prints its result and the milliseconds that the call took.
import { readFileSync } from "node:fs";
const [file, n] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(file));
const start = process.hrtime.bigint();
const result = instance.exports.run(Number(n));
console.log(result, Number(process.hrtime.bigint() - start) / 1e6);
