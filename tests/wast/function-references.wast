;; Typed function references beyond the official files: loops that are left or repeated by null, callees that are known, tables that
;; begin with a function, and references that go through several instances.

(module $maker
  (type $step (func (param i32) (result i32)))
  (func $inc (export "inc") (type $step) (i32.add (local.get 0) (i32.const 1)))
  (global (export "inc-ref") (ref $step) (ref.func $inc))
  (table (export "table") 3 (ref $step) (ref.func $inc))
  (func (export "pick") (param i32) (result (ref null $step))
    (if (result (ref null $step)) (local.get 0) (then (ref.func $inc)) (else (ref.null $step)))))

(register "maker" $maker)

(module $user
  (type $step (func (param i32) (result i32)))
  (import "maker" "inc-ref" (global $inc (ref $step)))
  (import "maker" "table" (table $table 3 (ref $step)))
  (import "maker" "pick" (func $pick (param i32) (result (ref null $step))))
  (import "maker" "inc" (func $imported (type $step)))
  (elem declare func $twice $imported)
  (func $twice (type $step) (i32.mul (local.get 0) (i32.const 2)))

  ;; The start of the loop is reached only by null.
  (func (export "null-repeats") (param i32) (result i32)
    (local $n i32)
    (loop $again
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (return (call_ref $step (local.get $n)
        (br_on_null $again (call $pick (i32.eq (local.get $n) (local.get 0)))))))
    (unreachable))

  ;; A label gets two values, the reference last; null drops only itself.
  (func (export "non-null-leaves") (param i32) (result i32)
    (block $found (result i32 (ref $step))
      (i32.const 7)
      (br_on_non_null $found (call $pick (local.get 0)))
      (return (i32.add (i32.const 100))))
    (call_ref $step))

  (func (export "known") (param i32) (result i32)
    (call_ref $step (call_ref $step (local.get 0) (ref.func $twice)) (ref.as_non_null (ref.func $imported))))
  (func (export "known-tail") (param i32) (result i32)
    (return_call_ref $step (local.get 0) (ref.func $imported)))
  (func (export "null-tail") (result i32)
    (return_call_ref $step (i32.const 1) (ref.null $step)))
  (func (export "null-call") (param i32) (result i32)
    (call_ref $step (i32.const 1) (call $pick (local.get 0))))
  (func (export "checked") (param i32) (result i32)
    (call_ref $step (i32.const 1) (ref.as_non_null (call $pick (local.get 0)))))
  (func (export "from-table") (param i32 i32) (result i32)
    (call_ref $step (local.get 1) (table.get $table (local.get 0))))
  (func (export "from-table-indirect") (param i32 i32) (result i32)
    (call_indirect $table (type $step) (local.get 1) (local.get 0)))
  (func (export "replace") (param i32) (table.set $table (local.get 0) (ref.func $twice)))
  (func (export "grow") (result i32) (table.grow $table (global.get $inc) (i32.const 2)))

  ;; A local without a default value.
  (func (export "local") (param i32) (result i32)
    (local $f (ref $step))
    (local.set $f (global.get $inc))
    (call_ref $step (local.get 0) (local.get $f)))

  ;; A million calls of each other in constant stack, by reference, with arguments that do not fit into registers.
  (type $far (func (param i32 i64 i64 i64 i64 i64 i64 i64 i64 i64 (ref $step)) (result i64)))
  (elem declare func $far)
  (func $far (export "far") (type $far)
    (if (i32.eqz (local.get 0)) (then (return (i64.add (local.get 9) (i64.extend_i32_s
      (call_ref $step (i32.const 1) (local.get 10)))))))
    (return_call_ref $far (i32.sub (local.get 0) (i32.const 1)) (local.get 9) (local.get 1) (local.get 2) (local.get 3)
      (local.get 4) (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 10) (ref.func $far)))
  (func (export "run-far") (param i32) (result i64)
    (call $far (local.get 0) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6)
      (i64.const 7) (i64.const 8) (i64.const 9) (global.get $inc))))

(assert_return (invoke "null-repeats" (i32.const 5)) (i32.const 6))
(assert_return (invoke "non-null-leaves" (i32.const 1)) (i32.const 8))
(assert_return (invoke "non-null-leaves" (i32.const 0)) (i32.const 107))
(assert_return (invoke "known" (i32.const 5)) (i32.const 11))
(assert_return (invoke "known-tail" (i32.const 5)) (i32.const 6))
(assert_trap (invoke "null-tail") "null function reference")
(assert_trap (invoke "null-call" (i32.const 0)) "null function reference")
(assert_return (invoke "null-call" (i32.const 1)) (i32.const 2))
(assert_trap (invoke "checked" (i32.const 0)) "null reference")
(assert_return (invoke "checked" (i32.const 1)) (i32.const 2))
(assert_return (invoke "from-table" (i32.const 2) (i32.const 40)) (i32.const 41))
(assert_return (invoke "replace" (i32.const 2)))
(assert_return (invoke "from-table" (i32.const 2) (i32.const 40)) (i32.const 80))
(assert_return (invoke "from-table-indirect" (i32.const 2) (i32.const 40)) (i32.const 80))
(assert_return (invoke "from-table-indirect" (i32.const 1) (i32.const 40)) (i32.const 41))
(assert_trap (invoke "from-table" (i32.const 3) (i32.const 1)) "out of bounds table access")
(assert_return (invoke "grow") (i32.const 3))
(assert_return (invoke "from-table" (i32.const 4) (i32.const 1)) (i32.const 2))
(assert_return (invoke "local" (i32.const 1)) (i32.const 2))
(assert_return (invoke "run-far" (i32.const 1000000)) (i64.const 10))
(assert_return (invoke "run-far" (i32.const 1000001)) (i64.const 9))

;; What an import is must be a subtype of what is asked; tables and variables must be the same.
(assert_unlinkable (module (import "maker" "inc-ref" (global (ref extern)))) "incompatible import type")
(assert_unlinkable (module (import "maker" "inc-ref" (global (mut funcref)))) "incompatible import type")
(assert_unlinkable (module (import "maker" "table" (table 3 funcref))) "incompatible import type")
(assert_unlinkable
  (module (type $step (func (param i32) (result i32))) (import "maker" "table" (table 3 (ref null $step))))
  "incompatible import type")
(assert_unlinkable
  (module (type $other (func (param i64) (result i32))) (import "maker" "table" (table 3 (ref $other))))
  "incompatible import type")
(module (import "maker" "inc-ref" (global (ref func))))
(module (import "maker" "inc-ref" (global funcref)))
