;; An expression tree of five kinds of nodes below one supertype, evaluated by casts, with small numbers as i31 and others boxed.
(module
  (type $expr (sub (struct)))
  (type $const (sub final $expr (struct (field $value (ref eq)))))
  (type $binary (sub $expr (struct (field $left (ref $expr)) (field $right (ref $expr)))))
  (type $add (sub final $binary (struct (field $left (ref $expr)) (field $right (ref $expr)))))
  (type $mul (sub final $binary (struct (field $left (ref $expr)) (field $right (ref $expr)))))
  (type $neg (sub final $expr (struct (field $of (ref $expr)))))
  (type $boxed (sub final (struct (field $n i32))))

  (func $number (param $v (ref eq)) (result i32)
    (block $not_small (result (ref eq))
      (return (i31.get_s (br_on_cast_fail $not_small (ref eq) (ref i31) (local.get $v)))))
    (struct.get $boxed $n (ref.cast (ref $boxed))))

  (func $wrap (param $n i32) (result (ref eq))
    (if (result (ref eq)) (i32.and (local.get $n) (i32.const 1))
      (then (struct.new $boxed (local.get $n)))
      (else (ref.i31 (i32.shr_s (i32.shl (local.get $n) (i32.const 1)) (i32.const 1))))))

  (func $build (param $depth i32) (param $seed i32) (result (ref $expr))
    (if (i32.eqz (local.get $depth))
      (then (return (struct.new $const (call $wrap (local.get $seed))))))
    (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
    (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
    (if (i32.lt_u (i32.rem_u (local.get $seed) (i32.const 8)) (i32.const 3))
      (then
        (return (struct.new $add
          (call $build (local.get $depth) (local.get $seed))
          (call $build (local.get $depth) (i32.xor (local.get $seed) (i32.const 0x5bd1e995)))))))
    (if (i32.lt_u (i32.rem_u (local.get $seed) (i32.const 8)) (i32.const 6))
      (then
        (return (struct.new $mul
          (call $build (local.get $depth) (local.get $seed))
          (call $build (local.get $depth) (i32.xor (local.get $seed) (i32.const 0x1b873593)))))))
    (struct.new $neg (call $build (local.get $depth) (local.get $seed))))

  (func $eval (param $e (ref $expr)) (result i32)
    (local $pair (ref null $binary))
    (block $not_const (result (ref $expr))
      (return
        (call $number
          (struct.get $const $value
            (br_on_cast_fail $not_const (ref $expr) (ref $const) (local.get $e))))))
    (drop)
    (if (ref.test (ref $binary) (local.get $e))
      (then
        (local.set $pair (ref.cast (ref $binary) (local.get $e)))
        (return
          (if (result i32) (ref.test (ref $add) (local.get $e))
            (then (i32.add
              (call $eval (struct.get $binary $left (local.get $pair)))
              (call $eval (struct.get $binary $right (local.get $pair)))))
            (else (i32.mul
              (call $eval (struct.get $binary $left (local.get $pair)))
              (call $eval (struct.get $binary $right (local.get $pair)))))))))
    (i32.sub (i32.const 0)
      (call $eval (struct.get $neg $of (ref.cast (ref $neg) (local.get $e))))))

  (func (export "run") (param $rounds i32) (result i32)
    (local $tree (ref $expr)) (local $sum i32)
    (local.set $tree (call $build (i32.const 16) (i32.const 7)))
    (loop $again
      (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const 1)) (call $eval (local.get $tree))))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $sum)))
