;; Data whose shape would exhaust a stack if a collector followed it by recursion: a list of a million, a tree that is a list, and
;; both while old objects get young ones.
(module
  (type $node (struct (field $value i32) (field $next (mut (ref null $node)))))
  (type $tree (struct (field $left (mut (ref null $tree))) (field $right (mut (ref null $tree)))))
  (type $refs (array (mut (ref null $node))))
  (global $kept (mut (ref null $node)) (ref.null $node))
  (func (export "list") (param $n i32) (result i32)
    (local $i i32) (local $list (ref null $node)) (local $sum i32)
    (loop $again
      (global.set $kept (struct.new $node (local.get $i) (global.get $kept)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $list (global.get $kept))
    (local.set $i (i32.const 0))
    (loop $again
      (local.set $sum (i32.xor (local.get $sum) (struct.get $node $value (local.get $list))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.eqz (ref.is_null (local.tee $list (struct.get $node $next (local.get $list)))))))
    (i32.add (local.get $sum) (local.get $i)))
  ;; Appends at the end: each store is into an object that may be old.
  (func (export "append") (param $n i32) (result i32)
    (local $first (ref null $node)) (local $last (ref null $node)) (local $next (ref null $node)) (local $i i32)
    (local.set $first (struct.new $node (i32.const 0) (ref.null $node)))
    (local.set $last (local.get $first))
    (loop $again
      (local.set $next (struct.new $node (local.get $i) (ref.null $node)))
      (struct.set $node $next (local.get $last) (local.get $next))
      (local.set $last (local.get $next))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $i (i32.const -1))
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.eqz (ref.is_null (local.tee $first (struct.get $node $next (local.get $first)))))))
    (local.get $i))
  (func (export "lopsided") (param $n i32) (result i32)
    (local $tree (ref null $tree)) (local $i i32)
    (loop $again
      (local.set $tree
        (if (result (ref $tree)) (i32.and (local.get $i) (i32.const 1))
          (then (struct.new $tree (local.get $tree) (ref.null $tree)))
          (else (struct.new $tree (struct.new_default $tree) (local.get $tree)))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $i (i32.const 0))
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (if (ref.is_null (struct.get $tree $right (local.get $tree)))
        (then (local.set $tree (struct.get $tree $left (local.get $tree))))
        (else (local.set $tree (struct.get $tree $right (local.get $tree)))))
      (br_if $again (i32.eqz (ref.is_null (local.get $tree)))))
    (local.get $i))
  ;; A large array of references, whose elements are replaced in no order.
  (func (export "scattered") (param $n i32) (param $rounds i32) (result i32)
    (local $refs (ref $refs)) (local $seed i32) (local $at i32) (local $count i32)
    (local.set $refs (array.new_default $refs (local.get $n)))
    (local.set $seed (i32.const 7))
    (loop $again
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $at (i32.rem_u (i32.shr_u (local.get $seed) (i32.const 4)) (local.get $n)))
      (array.set $refs (local.get $refs) (local.get $at) (struct.new $node (local.get $at) (ref.null $node)))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.set $at (i32.const 0))
    (loop $again
      (if (i32.eqz (ref.is_null (array.get $refs (local.get $refs) (local.get $at))))
        (then
          (if (i32.ne (local.get $at) (struct.get $node $value (array.get $refs (local.get $refs) (local.get $at))))
            (then (unreachable)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))))
      (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $n))))
    (i32.gt_u (local.get $count) (i32.const 0)))
)
(assert_return (invoke "list" (i32.const 1000000)) (i32.const 1000000))
(assert_return (invoke "append" (i32.const 300000)) (i32.const 300000))
(assert_return (invoke "lopsided" (i32.const 200000)) (i32.const 200001))
(assert_return (invoke "scattered" (i32.const 20000) (i32.const 300000)) (i32.const 1))
