;; A queue of 200,000 boxed numbers: each round appends at one end and takes from the other, so that objects die old.
(module
  (type $box (sub final (struct (field i64))))
  (rec (type $cell (sub final (struct (field $item (ref $box)) (field $next (mut (ref null $cell)))))))

  (func $cell (param $n i32) (result (ref $cell))
    (struct.new $cell (struct.new $box (i64.extend_i32_u (local.get $n))) (ref.null $cell)))

  (func (export "run") (param $rounds i32) (result i32)
    (local $first (ref $cell)) (local $last (ref $cell)) (local $new (ref $cell)) (local $n i32) (local $sum i64)
    (local.set $first (call $cell (i32.const 0)))
    (local.set $last (local.get $first))
    (loop $next
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (local.set $new (call $cell (local.get $n)))
      (struct.set $cell $next (local.get $last) (local.get $new))
      (local.set $last (local.get $new))
      (if (i32.gt_u (local.get $n) (i32.const 200000))
        (then
          (local.set $sum
            (i64.add (i64.rotl (local.get $sum) (i64.const 7))
              (struct.get $box 0 (struct.get $cell $item (local.get $first)))))
          (local.set $first (ref.as_non_null (struct.get $cell $next (local.get $first))))))
      (br_if $next (i32.lt_u (local.get $n) (local.get $rounds))))
    (i32.xor (i32.wrap_i64 (local.get $sum))
      (i32.wrap_i64 (i64.shr_u (local.get $sum) (i64.const 32))))))
