;; Functions, blocks and loops with more parameters and results than there are registers.

(module
  (type $ten (func (param i32 i64 f32 f64 i32 i64 f32 f64 i32 v128)
    (result v128 i32 f64 f32 i64 i32 f64 f32 i64 i32)))
  (table funcref (elem $reverse))
  (func $reverse (export "reverse") (type $ten)
    (local.get 9) (local.get 8) (local.get 7) (local.get 6) (local.get 5)
    (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "through-block") (type $ten)
    (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
    (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9)
    (block (type $ten) (call_indirect (type $ten) (i32.const 0))))
  ;; The sum of 1..n, in a loop whose parameters are its state.
  (func (export "sum") (param $n i32) (result i32)
    (local $sum i32)
    (i32.const 0) (local.get $n)
    (loop $again (param i32 i32) (result i32)
      (local.set $n) (local.set $sum)
      (i32.add (local.get $sum) (local.get $n))
      (i32.sub (local.get $n) (i32.const 1))
      (br_if $again (local.get $n))
      drop))
  ;; Four values leave through the target that the table picks.
  (func (export "pick") (param i32) (result i32 i64 i32 i64)
    (block $outer (result i32 i64 i32 i64)
      (block $inner (result i32 i64 i32 i64)
        (i32.const 1) (i64.const 2) (i32.const 3) (i64.const 4)
        (br_table $inner $outer $inner (local.get 0)))
      drop drop drop drop
      (i32.const 5) (i64.const 6) (i32.const 7) (i64.const 8))))

(assert_return
  (invoke "reverse" (i32.const 0) (i64.const 1) (f32.const 2) (f64.const 3) (i32.const 4)
    (i64.const 5) (f32.const 6) (f64.const 7) (i32.const 8) (v128.const i64x2 9 10))
  (v128.const i64x2 9 10) (i32.const 8) (f64.const 7) (f32.const 6) (i64.const 5)
  (i32.const 4) (f64.const 3) (f32.const 2) (i64.const 1) (i32.const 0))
(assert_return
  (invoke "through-block" (i32.const 0) (i64.const 1) (f32.const 2) (f64.const 3) (i32.const 4)
    (i64.const 5) (f32.const 6) (f64.const 7) (i32.const 8) (v128.const i64x2 9 10))
  (v128.const i64x2 9 10) (i32.const 8) (f64.const 7) (f32.const 6) (i64.const 5)
  (i32.const 4) (f64.const 3) (f32.const 2) (i64.const 1) (i32.const 0))
(assert_return (invoke "sum" (i32.const 100)) (i32.const 5050))
(assert_return (invoke "pick" (i32.const 0)) (i32.const 5) (i64.const 6) (i32.const 7) (i64.const 8))
(assert_return (invoke "pick" (i32.const 1)) (i32.const 1) (i64.const 2) (i32.const 3) (i64.const 4))
(assert_return (invoke "pick" (i32.const 9)) (i32.const 5) (i64.const 6) (i32.const 7) (i64.const 8))
