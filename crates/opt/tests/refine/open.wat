;; Another module can have the same types, and so make and read their objects.
(module
  (type $s (sub (struct (field (mut anyref)) (field i32))))
  (type $t (sub $s (struct (field (mut anyref)) (field i32) (field anyref))))
  (func (export "make") (param i32) (result (ref $s))
    (if (result (ref $s)) (local.get 0)
      (then (struct.new $t (ref.i31 (i32.const 1)) (i32.const 1) (ref.i31 (i32.const 2))))
      (else (struct.new $s (ref.i31 (i32.const 1)) (i32.const 1)))))
  (func (export "read") (param (ref $s)) (result i32)
    (i31.get_s (ref.cast (ref i31) (struct.get $s 0 (local.get 0))))))
----
(module
  (type $s (;0;) (sub (struct (field (mut anyref)) (field i32))))
  (type $t (;1;) (sub $s (struct (field (mut anyref)) (field i32) (field anyref))))
  (type (;2;) (func (param i32) (result (ref $s))))
  (type (;3;) (func (param (ref $s)) (result i32)))
  (export "make" (func 0))
  (export "read" (func 1))
  (func (;0;) (type 2) (param i32) (result (ref $s))
    local.get 0
    if (result (ref $s)) ;; label = @1
      i32.const 1
      ref.i31
      i32.const 1
      i32.const 2
      ref.i31
      struct.new $t
    else
      i32.const 1
      ref.i31
      i32.const 1
      struct.new $s
    end
  )
  (func (;1;) (type 3) (param (ref $s)) (result i32)
    local.get 0
    struct.get $s 0
    ref.cast (ref i31)
    i31.get_s
  )
)
