;; Tail calls beyond the official files: arguments and results that do not fit into registers, callees in other instances and in
;; the host, and loops that only constant stack survives.

(module $other
  (type $step (func (param i32 i64 i64 i64 i64 i64 i64 i64 i64 f64) (result i64)))
  (table (export "table") 4 funcref)
  (type $few (func (param i32) (result i64)))
  ;; Few arguments to many and back: the area for those on the stack grows and shrinks at each call.
  (func $many (export "many") (type $step)
    (if (i32.eqz (local.get 0)) (then (return (i64.add (local.get 8) (i64.trunc_f64_s (local.get 9))))))
    (return_call_indirect (type $few) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
  (elem (i32.const 0) $many))

(register "other" $other)

(module $main
  (type $step (func (param i32 i64 i64 i64 i64 i64 i64 i64 i64 f64) (result i64)))
  (type $few (func (param i32) (result i64)))
  (import "other" "many" (func $many (type $step)))
  (import "other" "table" (table $table 4 funcref))
  (import "spectest" "print_i32" (func $print (param i32)))
  (func $few (export "few") (type $few)
    (return_call $many (local.get 0) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6)
      (i64.const 7) (i64.const 800) (f64.const 33)))
  (elem (table $table) (i32.const 1) func $few $wide $print)

  ;; Sixteen results: more than registers hold.
  (type $sixteen (func (param i32 i32) (result i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (func $wide (type $sixteen)
    (if (i32.eqz (local.get 0)) (then (return
      (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (i32.const 7) (i32.const 8)
      (i32.const 9) (i32.const 10) (i32.const 11) (i32.const 12) (i32.const 13) (i32.const 14) (i32.const 15)
      (local.get 1))))
    (return_call_indirect (type $sixteen) (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 3))
      (i32.const 2)))
  (func (export "wide") (param i32) (result i32)
    (local $sum i32)
    (call $wide (local.get 0) (i32.const 0))
    (local.set $sum)
    (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop)
    (i32.add (local.get $sum)))

  ;; A tail call of the host, and one whose function is called by another.
  (func $host (export "host") (param i32) (return_call $print (local.get 0)))
  (func (export "host-indirect") (param i32)
    (return_call_indirect (param i32) (local.get 0) (i32.const 3)))
  (func (export "host-many") (param i32)
    (loop $again
      (call $host (local.get 0))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))

  (func $endless (export "no-callee") (param i32) (result i64)
    (return_call_indirect (type $few) (i32.const 0) (local.get 0)))

  ;; Behind a tail call nothing is reached, and a call in a branch is as good as at the end.
  (func $odd (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 0))
      (else (return_call $even (i32.sub (local.get 0) (i32.const 1))) (unreachable))))
  (func $even (export "even") (param i32) (result i32)
    (block (br_if 0 (local.get 0)) (return (i32.const 1)))
    (return_call $odd (i32.sub (local.get 0) (i32.const 1)))
    (loop (br 0)) (i32.const 7)))

(assert_return (invoke "few" (i32.const 0)) (i64.const 833))
(assert_return (invoke "few" (i32.const 1000001)) (i64.const 833))
(assert_return (invoke "wide" (i32.const 0)) (i32.const 1))
(assert_return (invoke "wide" (i32.const 100000)) (i32.const 300001))
(assert_return (invoke "host" (i32.const 1)))
(assert_return (invoke "host-indirect" (i32.const 1)))
(assert_return (invoke "host-many" (i32.const 1000)))
(assert_return (invoke "even" (i32.const 2000000)) (i32.const 1))
(assert_return (invoke "even" (i32.const 2000001)) (i32.const 0))
(assert_trap (invoke "no-callee" (i32.const 4)) "undefined element")
(assert_trap (invoke "no-callee" (i32.const 3)) "indirect call type mismatch")
