;; A splay tree of 8,000 keys with payloads: for each round one key is inserted and one removed, so that old objects point to
;; young ones all the time. Top-down splaying without recursion.
(module
  (type $payload (sub final (array (mut i32))))
  (rec (type $node (sub final (struct
    (field $key i32)
    (field $value (ref $payload))
    (field $left (mut (ref null $node)))
    (field $right (mut (ref null $node)))))))

  (global $root (mut (ref null $node)) (ref.null $node))
  (global $seed (mut i32) (i32.const 49734321))
  (global $empty (ref $payload) (array.new_fixed $payload 0))

  (func $random (result i32)
    (local $s i32)
    (local.set $s (global.get $seed))
    (local.set $s (i32.xor (local.get $s) (i32.shl (local.get $s) (i32.const 13))))
    (local.set $s (i32.xor (local.get $s) (i32.shr_u (local.get $s) (i32.const 17))))
    (local.set $s (i32.xor (local.get $s) (i32.shl (local.get $s) (i32.const 5))))
    (global.set $seed (local.get $s))
    (i32.shr_u (local.get $s) (i32.const 1)))

  (func $splay (param $key i32)
    (local $dummy (ref $node)) (local $left (ref $node)) (local $right (ref $node))
    (local $current (ref $node)) (local $next (ref null $node))
    (if (ref.is_null (global.get $root)) (then (return)))
    (local.set $dummy
      (struct.new $node (i32.const 0) (global.get $empty) (ref.null $node) (ref.null $node)))
    (local.set $left (local.get $dummy))
    (local.set $right (local.get $dummy))
    (local.set $current (ref.as_non_null (global.get $root)))
    (block $done
      (loop $down
        (if (i32.lt_s (local.get $key) (struct.get $node $key (local.get $current)))
          (then
            (local.set $next (struct.get $node $left (local.get $current)))
            (br_if $done (ref.is_null (local.get $next)))
            (if (i32.lt_s (local.get $key) (struct.get $node $key (local.get $next)))
              (then
                (struct.set $node $left (local.get $current) (struct.get $node $right (local.get $next)))
                (struct.set $node $right (local.get $next) (local.get $current))
                (local.set $current (ref.as_non_null (local.get $next)))
                (br_if $done (ref.is_null (struct.get $node $left (local.get $current))))))
            (struct.set $node $left (local.get $right) (local.get $current))
            (local.set $right (local.get $current))
            (local.set $current (ref.as_non_null (struct.get $node $left (local.get $current))))
            (br $down))
          (else
            (br_if $done (i32.eq (local.get $key) (struct.get $node $key (local.get $current))))
            (local.set $next (struct.get $node $right (local.get $current)))
            (br_if $done (ref.is_null (local.get $next)))
            (if (i32.gt_s (local.get $key) (struct.get $node $key (local.get $next)))
              (then
                (struct.set $node $right (local.get $current) (struct.get $node $left (local.get $next)))
                (struct.set $node $left (local.get $next) (local.get $current))
                (local.set $current (ref.as_non_null (local.get $next)))
                (br_if $done (ref.is_null (struct.get $node $right (local.get $current))))))
            (struct.set $node $right (local.get $left) (local.get $current))
            (local.set $left (local.get $current))
            (local.set $current (ref.as_non_null (struct.get $node $right (local.get $current))))
            (br $down)))))
    (struct.set $node $right (local.get $left) (struct.get $node $left (local.get $current)))
    (struct.set $node $left (local.get $right) (struct.get $node $right (local.get $current)))
    (struct.set $node $left (local.get $current) (struct.get $node $right (local.get $dummy)))
    (struct.set $node $right (local.get $current) (struct.get $node $left (local.get $dummy)))
    (global.set $root (local.get $current)))

  (func $insert (param $key i32)
    (local $node (ref $node)) (local $top (ref $node))
    (local.set $node
      (struct.new $node (local.get $key) (array.new $payload (local.get $key) (i32.const 8))
        (ref.null $node) (ref.null $node)))
    (if (ref.is_null (global.get $root))
      (then (global.set $root (local.get $node)) (return)))
    (call $splay (local.get $key))
    (local.set $top (ref.as_non_null (global.get $root)))
    (if (i32.eq (struct.get $node $key (local.get $top)) (local.get $key)) (then (return)))
    (if (i32.gt_s (local.get $key) (struct.get $node $key (local.get $top)))
      (then
        (struct.set $node $left (local.get $node) (local.get $top))
        (struct.set $node $right (local.get $node) (struct.get $node $right (local.get $top)))
        (struct.set $node $right (local.get $top) (ref.null $node)))
      (else
        (struct.set $node $right (local.get $node) (local.get $top))
        (struct.set $node $left (local.get $node) (struct.get $node $left (local.get $top)))
        (struct.set $node $left (local.get $top) (ref.null $node))))
    (global.set $root (local.get $node)))

  ;; Removes the greatest key that is not greater than the one given, and gives the first number of its payload.
  (func $remove (param $key i32) (result i32)
    (local $top (ref $node)) (local $right (ref null $node))
    (if (ref.is_null (global.get $root)) (then (return (i32.const 0))))
    (call $splay (local.get $key))
    (local.set $top (ref.as_non_null (global.get $root)))
    (if (ref.is_null (struct.get $node $left (local.get $top)))
      (then (global.set $root (struct.get $node $right (local.get $top))))
      (else
        (local.set $right (struct.get $node $right (local.get $top)))
        (global.set $root (struct.get $node $left (local.get $top)))
        (call $splay (local.get $key))
        (struct.set $node $right (global.get $root) (local.get $right))))
    (array.get $payload (struct.get $node $value (local.get $top)) (i32.const 3)))

  (func (export "run") (param $rounds i32) (result i32)
    (local $n i32) (local $sum i32)
    (local.set $n (i32.const 8000))
    (loop $fill
      (call $insert (call $random))
      (br_if $fill (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $change
      (call $insert (call $random))
      (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const 1)) (call $remove (call $random))))
      (br_if $change (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $sum)))
