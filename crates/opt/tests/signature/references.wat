;; Parameters that are references go as others do; so do results, and what stays has the types that it had.
(module
  (type $point (struct (field $x i32) (field $y (mut i32))))
  (func $x (param $unused externref) (param $point (ref $point)) (param $null (ref null $point)) (result i32)
    (if (i32.eqz (ref.is_null (local.get $null))) (then (unreachable)))
    (struct.get $point $x (local.get $point)))
  (func $log (param $point (ref null $point)) (result (ref null $point))
    (struct.set $point $y (local.get $point) (i32.const 7))
    (local.get $point))
  (func (export "f") (param externref) (result i32)
    (local $point (ref null $point))
    (local.set $point (struct.new $point (i32.const 1) (i32.const 2)))
    (drop (call $log (local.get $point)))
    (i32.add
      (call $x (local.get 0) (ref.as_non_null (local.get $point)) (ref.null none))
      (call $x (ref.null extern) (struct.new $point (i32.const 3) (i32.const 4)) (ref.null none)))))
----
(module
  (type $point (;0;) (struct (field $x i32) (field $y (mut i32))))
  (type (;1;) (func (param externref (ref $point) (ref null $point)) (result i32)))
  (type (;2;) (func (param (ref null $point)) (result (ref null $point))))
  (type (;3;) (func (param externref) (result i32)))
  (type (;4;) (func (param (ref $point)) (result i32)))
  (type (;5;) (func (param (ref null $point))))
  (export "f" (func 2))
  (func $x (;0;) (type 4) (param (ref $point)) (result i32)
    local.get 0
    struct.get $point $x
  )
  (func $log (;1;) (type 5) (param (ref null $point))
    local.get 0
    i32.const 7
    struct.set $point $y
  )
  (func (;2;) (type 3) (param externref) (result i32)
    (local (ref $point))
    i32.const 1
    i32.const 2
    struct.new $point
    local.tee 1
    call $log
    local.get 1
    call $x
    i32.const 3
    i32.const 4
    struct.new $point
    call $x
    i32.add
  )
)
