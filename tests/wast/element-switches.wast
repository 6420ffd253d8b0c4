;; Calls in loops through tables that hold a few small functions of a type: each arrives at what is there, whatever segments said.

(module $other
  (type $op (func (param i32) (result i32)))
  (func $ten (export "ten") (type $op) (i32.mul (local.get 0) (i32.const 10))))
(register "other")

(module
  (type $op (func (param i32) (result i32)))
  (type $wide (func (param i64) (result i64)))
  (import "other" "ten" (func $ten (type $op)))
  (memory 1)
  (table $t (export "table") 12 funcref)
  (elem (table $t) (i32.const 1) func $inc $twice $text $minus $read $fall $ten)
  (elem declare func $hidden)
  (global $calls (mut i32) (i32.const 0))
  (func $inc (type $op) (i32.add (local.get 0) (i32.const 1)))
  ;; Can be referred to, and stands between those that segments bring.
  (func $hidden (type $op) (i32.const -1))
  (func $twice (type $op)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.shl (local.get 0) (i32.const 1)))
  ;; Of another type.
  (func $text (type $wide) (local.get 0))
  (func $minus (type $op) (i32.sub (i32.const 0) (local.get 0)))
  (func $read (type $op) (i32.load (local.get 0)))
  (func $fall (type $op) (if (i32.eqz (local.get 0)) (then (unreachable))) (local.get 0))
  (func (export "put hidden") (param i32) (table.set $t (local.get 0) (ref.func $hidden)))
  (func (export "put null") (param i32) (table.set $t (local.get 0) (ref.null func)))
  (func (export "calls") (result i32) (global.get $calls))

  ;; Each byte from `at` on, up to a 0, is the element to call with what the one before gave.
  (func $run (export "run") (param $at i32) (param $value i32) (result i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (i32.load8_u (local.get $at))))
        (local.set $value
          (call_indirect $t (type $op) (local.get $value) (i32.sub (i32.load8_u (local.get $at)) (i32.const 0x30))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $value))
  (func (export "caught") (param $value i32) (result i32) (local $n i32)
    (loop $next
      (block $b
        (local.set $value
          (try_table (result i32) (catch_all $b)
            (call_indirect $t (type $op) (local.get $value)
              (i32.add (i32.and (local.get $n) (i32.const 1)) (i32.const 1))))))
      (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 4))))
    (local.get $value))
  (data (i32.const 100) "1122417\00")
  (data (i32.const 120) "14\00")
  (data (i32.const 140) "13\00")
  (data (i32.const 160) "10\00")
  (data (i32.const 180) "1<\00")
  (data (i32.const 200) "15\00")
  (data (i32.const 220) "16\00")
  (data (i32.const 240) "12891\00")
  (data (i32.const 260) "777\00"))

;; ((5 + 1 + 1) * 2 * 2 -> -28, + 1 = -27) * 10
(assert_return (invoke "run" (i32.const 100) (i32.const 5)) (i32.const -270))
(assert_return (invoke "calls") (i32.const 2))
(assert_return (invoke "run" (i32.const 120) (i32.const 5)) (i32.const -6))
(assert_return (invoke "caught" (i32.const 3)) (i32.const 18))
(assert_return (invoke "run" (i32.const 260) (i32.const 1)) (i32.const 1000))
(assert_trap (invoke "run" (i32.const 140) (i32.const 5)) "indirect call type mismatch")
(assert_trap (invoke "run" (i32.const 160) (i32.const 5)) "uninitialized element")
(assert_trap (invoke "run" (i32.const 180) (i32.const 5)) "undefined element")
(assert_trap (invoke "run" (i32.const 200) (i32.const 0x7ffffff)) "out of bounds memory access")
(assert_trap (invoke "run" (i32.const 220) (i32.const -1)) "unreachable")
(assert_trap (invoke "run" (i32.const 240) (i32.const 3)) "uninitialized element")
;; What was put there later.
(invoke "put hidden" (i32.const 8))
(assert_trap (invoke "run" (i32.const 240) (i32.const 3)) "uninitialized element")
(invoke "put hidden" (i32.const 9))
(assert_return (invoke "run" (i32.const 240) (i32.const 3)) (i32.const 0))
(invoke "put null" (i32.const 4))
(assert_trap (invoke "run" (i32.const 120) (i32.const 5)) "uninitialized element")

;; Two instances of one module, and a table that one has from the other: the functions are the same, but not whose they are.
(module (table (export "table") 4 funcref) (global (export "base") i32 (i32.const 0)))
(register "pair")
(module definition $pair
  (type $op (func (result i32)))
  (import "pair" "table" (table $t 4 funcref))
  (import "pair" "base" (global $base i32))
  (global $own (mut i32) (i32.const 0))
  (elem (table $t) (global.get $base) func $one $two)
  (func $one (type $op) (global.set $own (i32.add (global.get $own) (i32.const 1))) (global.get $own))
  (func $two (type $op) (global.set $own (i32.add (global.get $own) (i32.const 100))) (global.get $own))
  (func (export "sum") (result i32) (local $n i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call_indirect $t (type $op) (local.get $n))))
      (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 4))))
    (local.get $sum)))

(module instance $a $pair)
(module (import "pair" "table" (table 4 funcref)) (export "table" (table 0)) (global (export "base") i32 (i32.const 2)))
(register "pair")
(module instance $b $pair)
(assert_return (invoke $a "sum") (i32.const 204))
(assert_return (invoke $b "sum") (i32.const 608))
