;; Alone, the type of the element would be the same as that of the export, and the call would not trap.
(module
  (rec (type $f (func)) (type (struct)))
  (table funcref (elem $f))
  (func $f (type $f))
  (type $g (func))
  (func (export "run") (call_indirect (type $g) (i32.const 0))))
----
(module
  (type $g (;0;) (func))
  (rec
    (type $f (;1;) (func))
    (type (;2;) (struct))
  )
  (table (;0;) 1 1 funcref)
  (export "run" (func 1))
  (elem (;0;) (table 0) (i32.const 0) func $f)
  (func $f (;0;) (type $f))
  (func (;1;) (type $g)
    i32.const 0
    call_indirect (type $g)
  )
)
