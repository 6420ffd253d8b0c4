;; A segment that does not fit ends instantiation, but what was put elsewhere before can be called: nothing is known then.
(module
  (import "" "table" (table $imported 1 funcref))
  (table $closed 1 funcref)
  (elem (table $imported) (i32.const 0) func $calls)
  (elem (table $closed) (i32.const 1) func $a)
  (elem (table $closed) (i32.const 0) func $a)
  (func $a)
  (func $calls (call_indirect $closed (i32.const 0))))
----
(module
  (type (;0;) (func))
  (import "" "table" (table $imported (;0;) 1 funcref))
  (table $closed (;1;) 1 funcref)
  (elem (;0;) (table $imported) (i32.const 0) func $calls)
  (elem (;1;) (table $closed) (i32.const 1) func $a)
  (elem (;2;) (table $closed) (i32.const 0) func $a)
  (func $a (;0;) (type 0))
  (func $calls (;1;) (type 0)
    i32.const 0
    call_indirect $closed (type 0)
  )
)
