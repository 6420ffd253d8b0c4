;; Any object can get outside, so that all groups stay as they are; unused ones go.
(module
  (rec
    (type $unused (struct (field i32)))
    (type (struct)))
  (rec
    (type $a (struct (field i64)))
    (type $of_its_group (struct)))
  (type $b (struct (field f64)))
  (func (export "f") (param i32) (result anyref)
    (if (result anyref) (local.get 0)
      (then (struct.new $a (i64.const 1)))
      (else
        (drop (ref.cast (ref null $b) (struct.new $b (f64.const 1))))
        (struct.new $b (f64.const 2))))))
----
(module
  (type $b (;0;) (struct (field f64)))
  (type (;1;) (func (param i32) (result anyref)))
  (rec
    (type $a (;2;) (struct (field i64)))
    (type $of_its_group (;3;) (struct))
  )
  (export "f" (func 0))
  (func (;0;) (type 1) (param i32) (result anyref)
    local.get 0
    if (result anyref) ;; label = @1
      i64.const 1
      struct.new $a
    else
      f64.const 0x1p+0 (;=1;)
      struct.new $b
      ref.cast (ref null $b)
      drop
      f64.const 0x1p+1 (;=2;)
      struct.new $b
    end
  )
)
