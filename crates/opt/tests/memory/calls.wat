;; What a memory holds is known behind calls that do not write to one.
(module
  (memory 1)
  (global $global (mut i32) (i32.const 0))
  (func $sets (param i32) (global.set $global (local.get 0)))
  (func $stores (param i32) (i32.store (i32.const 8) (local.get 0)))
  (func (export "f") (param i32) (result i32)
    (local $before i32)
    (local.set $before (i32.load (local.get 0)))
    (call $sets (local.get $before))
    (i32.add (local.get $before) (i32.load (local.get 0))))
  (func (export "g") (param i32) (result i32)
    (local $before i32)
    (local.set $before (i32.load (local.get 0)))
    (call $stores (local.get $before))
    (i32.add (local.get $before) (i32.load (local.get 0)))))
----
(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (memory (;0;) 1)
  (global $global (;0;) (mut i32) i32.const 0)
  (export "f" (func 2))
  (export "g" (func 3))
  (func $sets (;0;) (type 0) (param i32)
    local.get 0
    global.set $global
  )
  (func $stores (;1;) (type 0) (param i32)
    i32.const 8
    local.get 0
    i32.store
  )
  (func (;2;) (type 1) (param i32) (result i32)
    local.get 0
    i32.load
    local.tee 0
    call $sets
    local.get 0
    local.get 0
    i32.add
  )
  (func (;3;) (type 1) (param i32) (result i32)
    (local i32)
    local.get 0
    i32.load
    local.tee 1
    call $stores
    local.get 1
    local.get 0
    i32.load
    i32.add
  )
)
