;; Thrown by the function that the catching one calls.
(module
  (tag $found (param i32))
  (func $throw (param i32) (throw $found (local.get 0)))
  (func $near (param i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $found $caught) (call $throw (local.get 0)))
      (i32.const 0)))
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $near (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
