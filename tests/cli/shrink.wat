;; RUN: shrink % -p ./shrink/mentions.sh -o %tmp/a.wasm -a 0 -q && wasm2wat %tmp/a.wasm
;; RUN[random]: shrink % -p ./shrink/mentions.sh -o %tmp/a.wasm -a 30 -q && validate %tmp/a.wasm
;; RUN[never]: shrink % -p false -o %tmp/a.wasm
;; EXIT[never]: 1
;; RUN[always]: shrink % -p true -o %tmp/a.wasm
;; EXIT[always]: 1
;; RUN[empty]: shrink % -p true --allow-empty -o %tmp/a.wasm -q && wasm2wat %tmp/a.wasm
;; RUN[absent]: shrink % -p %tmp/none -o %tmp/a.wasm
;; EXIT[absent]: 1
;; RUN[slow]: shrink % -p ./shrink/sleeps.sh --timeout 50ms -o %tmp/a.wasm
;; EXIT[slow]: 1

;; All that is left is what the predicate looks for: an operator, and the name of an export.
(module $big
  (type $struct (struct (field i32)))
  (import "env" "log" (func $log (param i32)))
  (import "env" "unused" (func $unused))
  (memory 2)
  (table 10 funcref)
  (global $g (mut i32) (i32.const 3))
  (elem (i32.const 0) $helper $other)
  (data (i32.const 0) "some text that nobody needs")
  (func $helper (param i32) (result i32)
    (local i32 i64)
    (if (result i32) (local.get 0)
      (then (i32.popcnt (global.get $g)))
      (else (i32.const 2))))
  (func $other (param i32) (result i32) (call $helper (i32.add (local.get 0) (i32.const 1))))
  (func $start (call $log (i32.const 1)) (global.set $g (i32.const 4)))
  (start $start)
  (func (export "first") (result i32)
    (loop $l (global.set $g (i32.sub (global.get $g) (i32.const 1))) (br_if $l (global.get $g)))
    (drop (struct.new $struct (i32.const 9)))
    (i32.trunc_sat_f64_u (f64.convert_i32_u (call $other (i32.const 5)))))
  (func (export "second") (result i32) (i32.load (i32.const 8))))
