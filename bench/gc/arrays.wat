;; Arrays of numbers and of references: a sieve, then a heap sort of boxed numbers, then copies.
(module
  (type $bytes (sub final (array (mut i8))))
  (type $box (sub final (struct (field $n i32))))
  (type $boxes (sub final (array (mut (ref null $box)))))

  (func $sieve (param $size i32) (result i32)
    (local $flags (ref $bytes)) (local $i i32) (local $j i32) (local $count i32)
    (local.set $flags (array.new $bytes (i32.const 1) (local.get $size)))
    (local.set $i (i32.const 2))
    (loop $numbers
      (if (array.get_u $bytes (local.get $flags) (local.get $i))
        (then
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (local.set $j (i32.shl (local.get $i) (i32.const 1)))
          (block $struck
            (loop $multiples
              (br_if $struck (i32.ge_u (local.get $j) (local.get $size)))
              (array.set $bytes (local.get $flags) (local.get $j) (i32.const 0))
              (local.set $j (i32.add (local.get $j) (local.get $i)))
              (br $multiples)))))
      (br_if $numbers
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
    (local.get $count))

  (func $value (param $a (ref $boxes)) (param $i i32) (result i32)
    (struct.get $box $n (array.get $boxes (local.get $a) (local.get $i))))

  (func $sift (param $a (ref $boxes)) (param $root i32) (param $end i32)
    (local $child i32) (local $moved (ref null $box))
    (local.set $moved (array.get $boxes (local.get $a) (local.get $root)))
    (block $placed
      (loop $down
        (local.set $child (i32.add (i32.shl (local.get $root) (i32.const 1)) (i32.const 1)))
        (br_if $placed (i32.ge_u (local.get $child) (local.get $end)))
        (if (i32.lt_u (i32.add (local.get $child) (i32.const 1)) (local.get $end))
          (then
            (if (i32.lt_s (call $value (local.get $a) (local.get $child))
                          (call $value (local.get $a) (i32.add (local.get $child) (i32.const 1))))
              (then (local.set $child (i32.add (local.get $child) (i32.const 1)))))))
        (br_if $placed
          (i32.ge_s (struct.get $box $n (local.get $moved)) (call $value (local.get $a) (local.get $child))))
        (array.set $boxes (local.get $a) (local.get $root)
          (array.get $boxes (local.get $a) (local.get $child)))
        (local.set $root (local.get $child))
        (br $down)))
    (array.set $boxes (local.get $a) (local.get $root) (local.get $moved)))

  (func $sort (param $size i32) (result i32)
    (local $a (ref $boxes)) (local $b (ref $boxes)) (local $i i32) (local $seed i32) (local $held (ref null $box))
    (local.set $a (array.new_default $boxes (local.get $size)))
    (local.set $seed (i32.const 12345))
    (loop $fill
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
      (array.set $boxes (local.get $a) (local.get $i)
        (struct.new $box (i32.shr_u (local.get $seed) (i32.const 1))))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
    (local.set $i (i32.shr_u (local.get $size) (i32.const 1)))
    (loop $heap
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (call $sift (local.get $a) (local.get $i) (local.get $size))
      (br_if $heap (local.get $i)))
    (local.set $i (i32.sub (local.get $size) (i32.const 1)))
    (loop $take
      (local.set $held (array.get $boxes (local.get $a) (i32.const 0)))
      (array.set $boxes (local.get $a) (i32.const 0) (array.get $boxes (local.get $a) (local.get $i)))
      (array.set $boxes (local.get $a) (local.get $i) (local.get $held))
      (call $sift (local.get $a) (i32.const 0) (local.get $i))
      (br_if $take (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (local.set $b (array.new_default $boxes (local.get $size)))
    (array.copy $boxes $boxes (local.get $b) (i32.const 0) (local.get $a) (i32.const 0) (local.get $size))
    (i32.xor
      (call $value (local.get $b) (i32.const 0))
      (call $value (local.get $b) (i32.shr_u (local.get $size) (i32.const 1)))))

  (func (export "run") (param $rounds i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $sieve (i32.const 500000))))
      (local.set $sum (i32.add (local.get $sum) (call $sort (i32.const 50000))))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $sum)))
