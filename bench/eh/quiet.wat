;; Handlers that nothing is ever thrown to: Fibonacci numbers, each call of which may throw.
(module
  (tag $negative (param i32))
  (func $fib (param $n i32) (result i32)
    (if (i32.lt_s (local.get $n) (i32.const 0)) (then (throw $negative (local.get $n))))
    (if (i32.lt_s (local.get $n) (i32.const 2)) (then (return (local.get $n))))
    (block $caught (result i32)
      (return
        (try_table (result i32) (catch $negative $caught)
          (i32.add
            (call $fib (i32.sub (local.get $n) (i32.const 1)))
            (call $fib (i32.sub (local.get $n) (i32.const 2))))))))
  (func (export "run") (param i32) (result i32) (call $fib (local.get 0))))
