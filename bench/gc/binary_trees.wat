;; Complete binary trees, built, counted and dropped, while one of them stays: allocation and survival.
(module
  (rec (type $tree (sub final (struct (field $left (ref null $tree)) (field $right (ref null $tree))))))

  (func $build (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (i32.eqz (local.get $depth))
      (then (struct.new $tree (ref.null $tree) (ref.null $tree)))
      (else
        (struct.new $tree
          (call $build (i32.sub (local.get $depth) (i32.const 1)))
          (call $build (i32.sub (local.get $depth) (i32.const 1)))))))

  (func $count (param $tree (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (local.get $tree))
      (then (i32.const 0))
      (else
        (i32.add (i32.const 1)
          (i32.add
            (call $count (struct.get $tree $left (local.get $tree)))
            (call $count (struct.get $tree $right (local.get $tree))))))))

  (func (export "run") (param $depth i32) (result i32)
    (local $kept (ref $tree)) (local $d i32) (local $rounds i32) (local $sum i32)
    (local.set $kept (call $build (local.get $depth)))
    (local.set $d (i32.const 4))
    (loop $depths
      (local.set $rounds
        (i32.shl (i32.const 1) (i32.sub (i32.add (local.get $depth) (i32.const 4)) (local.get $d))))
      (loop $trees
        (local.set $sum (i32.add (local.get $sum) (call $count (call $build (local.get $d)))))
        (br_if $trees (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (br_if $depths
        (i32.le_u (local.tee $d (i32.add (local.get $d) (i32.const 4))) (local.get $depth))))
    (i32.add (local.get $sum) (call $count (local.get $kept)))))
