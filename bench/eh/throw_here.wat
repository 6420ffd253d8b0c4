;; Thrown by the function that catches.
(module
  (tag $odd (param i32))
  (tag $third (param i32))
  (func $here (param i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $odd $caught) (catch $third $caught)
        (if (i32.and (local.get 0) (i32.const 1)) (then (throw $odd (local.get 0))))
        (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 3)))
          (then (throw $third (i32.const 3)))))
      (i32.const 1)))
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $here (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
