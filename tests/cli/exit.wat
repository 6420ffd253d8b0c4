;; The program's own exit code passes through.
;; RUN: run --tier %tier %
;; EXIT: 7
;; RUN[short]: %
;; EXIT[short]: 7
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 7))))
