;; Thrown ten frames below the function that catches.
(module
  (tag $found (param i32))
  (func $down (param i32 i32)
    (if (local.get 1)
      (then (call $down (local.get 0) (i32.sub (local.get 1) (i32.const 1))))
      (else (throw $found (local.get 0)))))
  (func $far (param i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $found $caught) (call $down (local.get 0) (i32.const 9)))
      (i32.const 0)))
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $far (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
