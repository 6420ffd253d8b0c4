;; --closed-world
;; The module of `below`: nobody else makes objects of the types that the parameter's is above of.
(module
  (type $above (sub (struct (field i32))))
  (rec
    (type $below (sub $above (struct (field i32) (field i64))))
    (type $beside (struct (field f32))))
  (rec
    (type $private (struct (field f64)))
    (type $unused (struct)))
  (func (export "f") (param (ref $above)) (result i32)
    (drop (struct.new $private (f64.const 0)))
    (ref.test (ref $below) (local.get 0))))
----
(module
  (type $above (;0;) (sub (struct (field i32))))
  (type (;1;) (func (param (ref $above)) (result i32)))
  (rec
    (type $below (;2;) (sub $above (struct (field i32) (field i64))))
    (type $private (;3;) (struct (field f64)))
  )
  (export "f" (func 0))
  (func (;0;) (type 1) (param (ref $above)) (result i32)
    f64.const 0x0p+0 (;=0;)
    struct.new $private
    drop
    local.get 0
    ref.test (ref $below)
  )
)
