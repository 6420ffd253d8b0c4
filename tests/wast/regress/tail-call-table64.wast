;; A tail call through a table with 64-bit indices: the verifier of the compiler's form took it for one of 32 bits.
(module
  (type $f (func (param i32) (result i32)))
  (table $t i64 2 funcref)
  (elem (table $t) (i64.const 1) func $next)
  (func $next (type $f) (i32.add (local.get 0) (i32.const 1)))
  (func (export "call") (param i64 i32) (result i32)
    (return_call_indirect $t (type $f) (local.get 1) (local.get 0))))
(assert_return (invoke "call" (i64.const 1) (i32.const 41)) (i32.const 42))
(assert_trap (invoke "call" (i64.const 0) (i32.const 41)) "uninitialized element")
(assert_trap (invoke "call" (i64.const 2) (i32.const 41)) "undefined element")
(assert_trap (invoke "call" (i64.const 0x1_0000_0001) (i32.const 41)) "undefined element")
