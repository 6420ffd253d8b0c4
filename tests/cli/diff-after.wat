;; The newer module of diff.wat. It does not differ from itself.
;; RUN: diff --exit-code % %
(module
  (import "env" "log" (func $log (param i32)))
  (import "env" "new" (func $new (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "afterwards")
  (func $fresh (nop) (nop))
  (func $main (export "main") (call $work) (drop (call $new)))
  (func $work (call $log (i32.const 1)))
  (func $_ZN3app4same17hfedcba9876543210E (call $work)))
