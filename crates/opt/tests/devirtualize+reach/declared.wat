;; What is named where a table was read is declared, though no segment is left that names it.
(module
  (table $table 4 funcref (ref.func $f))
  (func $f (result i32) (i32.const 1))
  (func (export "g") (result funcref) (table.get $table (i32.const 3))))
----
(module
  (type (;0;) (func (result i32)))
  (type (;1;) (func (result funcref)))
  (export "g" (func 1))
  (elem (;0;) declare func $f)
  (func $f (;0;) (type 0) (result i32)
    i32.const 1
  )
  (func (;1;) (type 1) (result funcref)
    ref.func $f
  )
)
