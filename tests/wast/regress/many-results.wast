;; More results than any convention has registers for: directly, through a table, from an import, and to the host.
(module $m
  (type $many (func (param i32) (result
    i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64
    f32 f64 f32 f64 f32 f64 f32 f64 f32 f64 f32 f64)))
  (func $make (export "make") (type $many)
    local.get 0 i64.const 1 i32.const 2 i64.const 3 i32.const 4 i64.const 5
    i32.const 6 i64.const 7 i32.const 8 i64.const 9 i32.const 10 i64.const 11
    f32.const 12 f64.const 13 f32.const 14 f64.const 15 f32.const 16 f64.const 17
    f32.const 18 f64.const 19 f32.const 20 f64.const 21 f32.const 22 f64.const 23)
  (table funcref (elem $make))
  (func (export "direct") (param i32) (result
    i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64
    f32 f64 f32 f64 f32 f64 f32 f64 f32 f64 f32 f64)
    local.get 0 call $make)
  (func (export "indirect") (param i32) (result
    i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64
    f32 f64 f32 f64 f32 f64 f32 f64 f32 f64 f32 f64)
    local.get 0 i32.const 0 call_indirect (type $many)))

(assert_return (invoke "make" (i32.const 7))
  (i32.const 7) (i64.const 1) (i32.const 2) (i64.const 3) (i32.const 4) (i64.const 5)
  (i32.const 6) (i64.const 7) (i32.const 8) (i64.const 9) (i32.const 10) (i64.const 11)
  (f32.const 12) (f64.const 13) (f32.const 14) (f64.const 15) (f32.const 16) (f64.const 17)
  (f32.const 18) (f64.const 19) (f32.const 20) (f64.const 21) (f32.const 22) (f64.const 23))
(assert_return (invoke "direct" (i32.const 8))
  (i32.const 8) (i64.const 1) (i32.const 2) (i64.const 3) (i32.const 4) (i64.const 5)
  (i32.const 6) (i64.const 7) (i32.const 8) (i64.const 9) (i32.const 10) (i64.const 11)
  (f32.const 12) (f64.const 13) (f32.const 14) (f64.const 15) (f32.const 16) (f64.const 17)
  (f32.const 18) (f64.const 19) (f32.const 20) (f64.const 21) (f32.const 22) (f64.const 23))
(assert_return (invoke "indirect" (i32.const 9))
  (i32.const 9) (i64.const 1) (i32.const 2) (i64.const 3) (i32.const 4) (i64.const 5)
  (i32.const 6) (i64.const 7) (i32.const 8) (i64.const 9) (i32.const 10) (i64.const 11)
  (f32.const 12) (f64.const 13) (f32.const 14) (f64.const 15) (f32.const 16) (f64.const 17)
  (f32.const 18) (f64.const 19) (f32.const 20) (f64.const 21) (f32.const 22) (f64.const 23))
