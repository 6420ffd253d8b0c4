;; An `if` without `else` whose body only ends in branches to its label: what the body set holds behind it.
(module
  (func (export "set") (param i32) (result i32) (local i32)
    (if (local.get 0) (then (local.set 1 (i32.const 5)) (br 0)))
    (local.get 1))
  (func (export "twice") (param i32 i32) (result i32) (local i32)
    (if (local.get 0)
      (then
        (local.set 2 (i32.const 1))
        (br_if 0 (local.get 1))
        (local.set 2 (i32.const 2))
        (br 0)))
    (local.get 2))
  (func (export "count") (param i32) (result i32) (local $n i32)
    (loop $next
      (if (local.get 0)
        (then
          (local.set $n (i32.add (local.get $n) (local.get 0)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (br $next)))
      (if (i32.lt_u (local.get $n) (i32.const 100))
        (then
          (local.set $n (i32.mul (local.get $n) (i32.const 3)))
          (br 0))))
    (local.get $n)))
(assert_return (invoke "set" (i32.const 0)) (i32.const 0))
(assert_return (invoke "set" (i32.const 1)) (i32.const 5))
(assert_return (invoke "twice" (i32.const 0) (i32.const 0)) (i32.const 0))
(assert_return (invoke "twice" (i32.const 1) (i32.const 1)) (i32.const 1))
(assert_return (invoke "twice" (i32.const 1) (i32.const 0)) (i32.const 2))
(assert_return (invoke "count" (i32.const 4)) (i32.const 30))
(assert_return (invoke "count" (i32.const 100)) (i32.const 5050))

;; A loop around it, on whose stack something lies that code of a loop inside gets from a frame.
(module
  (func (export "below") (param i32) (result i32)
    (i32.popcnt (local.get 0))
    (loop
      (if (local.get 0)
        (then (loop (br 1)))))))
(assert_return (invoke "below" (i32.const 7)) (i32.const 3))
(assert_return (invoke "below" (i32.const 255)) (i32.const 8))
