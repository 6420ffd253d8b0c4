;; Nothing of these types can get outside: the same ones become one, unused ones go, and all are in one group, where the order is free.
(module
  (type $a (sub (struct (field i32))))
  (type $a_again (sub (struct (field i32))))
  (type $unused (struct (field (ref $a))))
  (rec
    (type $list (struct (field (mut (ref null $list)))))
    (type $unused_too (struct)))
  (rec
    (type $list_again (struct (field (mut (ref null $list_again)))))
    (type (struct)))
  (type $often (struct (field f64)))
  (type $f (func (param i32) (result i32)))
  (func (export "f") (type $f)
    (local (ref null $often) (ref null $often) (ref null $list) (ref null $list_again))
    (drop (struct.new $often (f64.const 1)))
    (drop (struct.new $often (f64.const 2)))
    (local.set 3 (struct.new $list (ref.null none)))
    (i32.add
      (ref.test (ref $a) (struct.new $a_again (local.get 0)))
      (ref.test (ref $list_again) (local.get 3)))))
----
(module
  (rec
    (type $list (;0;) (struct (field (mut (ref null $list)))))
    (type $often (;1;) (struct (field f64)))
    (type $a (;2;) (sub (struct (field i32))))
  )
  (type $f (;3;) (func (param i32) (result i32)))
  (export "f" (func 0))
  (func (;0;) (type $f) (param i32) (result i32)
    (local (ref null $often) (ref null $often) (ref null $list) (ref null $list))
    f64.const 0x1p+0 (;=1;)
    struct.new $often
    drop
    f64.const 0x1p+1 (;=2;)
    struct.new $often
    drop
    ref.null none
    struct.new $list
    local.set 3
    local.get 0
    struct.new $a
    ref.test (ref $a)
    local.get 3
    ref.test (ref $list)
    i32.add
  )
)
