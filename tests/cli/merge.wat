;; RUN: merge % merge/main -t
;; RUN[run]: merge % merge/main -o %tmp/a.wasm && run --invoke run %tmp/a.wasm
;; RUN[conflict]: merge % merge/main merge/other
;; EXIT[conflict]: 1
;; RUN[rename]: merge --rename-export-conflicts % merge/main merge/other -o %tmp/a.wasm && run --invoke run_1 %tmp/a.wasm
;; RUN[skip]: merge --skip-export-conflicts % merge/main merge/other -o %tmp/a.wasm && run --invoke run %tmp/a.wasm
;; RUN[type]: merge %=env merge/wrong
;; EXIT[type]: 1
;; RUN[name]: merge %=a merge/main=a
;; EXIT[name]: 1
;; RUN[circle]: merge merge/circle=a merge/circle=b
;; EXIT[circle]: 1
;; RUN[component]: merge % merge/component
;; EXIT[component]: 1
;; RUN[usage]: merge
;; EXIT[usage]: 2

;; Two modules that need each other: a memory, globals, a table, a tag and functions go both ways. Both have a start function.
(module $merge
  (type $pair (sub (struct (field i32))))
  (import "main" "twice" (func $twice (param i32) (result i32)))
  (memory (export "memory") 1)
  (global (export "base") i32 (i32.const 16))
  (global $n (export "n") (mut i32) (i32.const 0))
  (table (export "table") 4 funcref)
  (tag $oops (export "oops") (param i32))
  (func $inc (export "inc") (param $x i32) (result i32)
    (i32.add (local.get $x) (call $twice (i32.const 1))))
  (func $start (global.set $n (i32.const 100)))
  (start $start)
  (elem (i32.const 0) $inc)
  (data $text (i32.const 0) "lib")
  (@producers (language "WAT" "1"))
  (@custom "notes" "lost"))
