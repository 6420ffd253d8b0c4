;; What is external to the host is an object here, and other modules may know of its type.
(module
  (type $unused (struct))
  (rec
    (type $a (struct (field i64)))
    (type $of_its_group (struct)))
  (func (export "f") (result externref)
    (extern.convert_any (struct.new $a (i64.const 1)))))
----
(module
  (type (;0;) (func (result externref)))
  (rec
    (type $a (;1;) (struct (field i64)))
    (type $of_its_group (;2;) (struct))
  )
  (export "f" (func 0))
  (func (;0;) (type 0) (result externref)
    i64.const 1
    struct.new $a
    extern.convert_any
  )
)
