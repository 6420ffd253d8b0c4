;; An exception that is caught where it is thrown is not thrown, and there is nothing to check.
(module
  (tag $e (param i32))
  (type (func (result i32 exnref)))
  (func (export "f") (param i32) (result i32)
    (block $caught (result i32 exnref)
      (try_table (catch_ref $e $caught) (throw $e (local.get 0)))
      (unreachable))
    (drop (ref.as_non_null))
    (drop)
    (i32.const 15)))
----
(module
  (type (;0;) (func (result i32 exnref)))
  (type (;1;) (func (param i32)))
  (type (;2;) (func (param i32) (result i32)))
  (tag $e (;0;) (type 1) (param i32))
  (export "f" (func 0))
  (func (;0;) (type 2) (param i32) (result i32)
    i32.const 15
  )
)
