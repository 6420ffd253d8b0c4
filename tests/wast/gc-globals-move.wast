;; A global that never changes still refers to another place once a collection has moved its object: what was read before the loop is no
;; longer true in it.
(module
  (type $s (struct (field (mut i32))))
  (type $a (array (ref null $s)))
  (global $g (ref $s) (struct.new $s (i32.const 97)))
  (global $n (mut i32) (i32.const 3))
  (func $zero (result i32) (global.set $n (i32.const 5)) (i32.const 0))
  (func (export "read") (param i32) (result i32)
    (local i32 (ref $s))
    (local.set 0 (i32.const 3))
    (loop $outer (result i32)
      (local.set 1 (i32.const 3))
      (loop $inner (result i32)
        (drop (array.get $a (array.new $a (local.tee 2 (global.get $g)) (i32.const 3)) (call $zero)))
        (br_if $inner (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))
        (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
        (struct.get $s 0 (local.get 2))))))

(assert_return (invoke "read" (i32.const 0)) (i32.const 97))
(assert_return (invoke "read" (i32.const 0)) (i32.const 97))
