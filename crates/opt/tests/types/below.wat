;; The exported function can be given, and give, objects of all types below that of its parameter: another module may have them, too.
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
  (type $private (;2;) (struct (field f64)))
  (rec
    (type $below (;3;) (sub $above (struct (field i32) (field i64))))
    (type $beside (;4;) (struct (field f32)))
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
