;; What changed from one module to another.
;; RUN: diff % diff-after.wat
;; RUN[json]: diff --json % diff-after.wat
;; RUN[code]: diff --exit-code -n 1 % diff-after.wat
;; EXIT[code]: 1
(module
  (import "env" "log" (func $log (param i32)))
  (import "env" "old" (func $old))
  (memory (export "memory") 1)
  (data (i32.const 0) "before")
  (func $main (export "main") (call $work) (call $old))
  (func $work (call $log (i32.const 1)))
  (func $gone (drop (i32.const 1)))
  (func $_ZN3app4same17h0123456789abcdefE (call $work)))
