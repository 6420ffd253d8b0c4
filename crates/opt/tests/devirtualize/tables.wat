;; Calls of what is surely in a table are direct, unless they trap.
(module
  (type $i (func (result i32)))
  (type $same (func (result i32)))
  (type $other (func (param i32)))
  (table $closed 8 funcref)
  (table $set 4 funcref)
  (table $exported (export "table") 4 funcref)
  (table $full 4 funcref (ref.func $a))
  (elem (table $closed) (i32.const 1) func $a $b $c)
  (elem (table $closed) (i32.const 3) func $b)
  (elem (table $set) (i32.const 0) func $a)
  (elem (table $exported) (i32.const 0) func $a)
  (func $a (result i32) (i32.const 1))
  (func $b (type $same) (i32.const 2))
  (func $c (param i32) (table.set $set (i32.const 1) (ref.func $a)))
  (func (export "known") (result i32 i32 i32)
    (call_indirect $closed (type $i) (i32.const 1))
    (call_indirect $closed (type $i) (i32.const 2))
    (call_indirect $closed (type $same) (i32.const 3)))
  (func (export "tail") (result i32)
    (return_call_indirect $closed (type $i) (i32.const 1)))
  (func (export "reference") (result funcref funcref)
    (table.get $closed (i32.const 3))
    (table.get $full (i32.const 3)))
  (func (export "null") (result i32) (call_indirect $closed (type $i) (i32.const 0)))
  (func (export "other_type") (call_indirect $closed (type $other) (i32.const 1) (i32.const 1)))
  (func (export "outside") (result i32) (call_indirect $closed (type $i) (i32.const 8)))
  (func (export "outside_of_filled") (result i32) (call_indirect $full (type $i) (i32.const -1)))
  (func (export "set") (result i32) (call_indirect $set (type $i) (i32.const 0)))
  (func (export "exported") (result i32) (call_indirect $exported (type $i) (i32.const 0)))
  (func (export "unknown") (param i32) (result i32) (call_indirect $closed (type $i) (local.get 0))))
----
(module
  (type $i (;0;) (func (result i32)))
  (type $same (;1;) (func (result i32)))
  (type $other (;2;) (func (param i32)))
  (type (;3;) (func (result i32 i32 i32)))
  (type (;4;) (func (result funcref funcref)))
  (type (;5;) (func))
  (type (;6;) (func (param i32) (result i32)))
  (table $closed (;0;) 8 funcref)
  (table $set (;1;) 4 funcref)
  (table $exported (;2;) 4 funcref)
  (table $full (;3;) 4 funcref ref.func $a)
  (export "table" (table $exported))
  (export "known" (func 3))
  (export "tail" (func 4))
  (export "reference" (func 5))
  (export "null" (func 6))
  (export "other_type" (func 7))
  (export "outside" (func 8))
  (export "outside_of_filled" (func 9))
  (export "set" (func 10))
  (export "exported" (func 11))
  (export "unknown" (func 12))
  (elem (;0;) (table $closed) (i32.const 1) func $a $b $c)
  (elem (;1;) (table $closed) (i32.const 3) func $b)
  (elem (;2;) (table $set) (i32.const 0) func $a)
  (elem (;3;) (table $exported) (i32.const 0) func $a)
  (func $a (;0;) (type $i) (result i32)
    i32.const 1
  )
  (func $b (;1;) (type $same) (result i32)
    i32.const 2
  )
  (func $c (;2;) (type $other) (param i32)
    i32.const 1
    ref.func $a
    table.set $set
  )
  (func (;3;) (type 3) (result i32 i32 i32)
    call $a
    call $b
    call $b
  )
  (func (;4;) (type $i) (result i32)
    return_call $a
  )
  (func (;5;) (type 4) (result funcref funcref)
    ref.func $b
    ref.func $a
  )
  (func (;6;) (type $i) (result i32)
    i32.const 0
    call_indirect (type $i)
  )
  (func (;7;) (type 5)
    i32.const 1
    i32.const 1
    call_indirect (type $other)
  )
  (func (;8;) (type $i) (result i32)
    i32.const 8
    call_indirect (type $i)
  )
  (func (;9;) (type $i) (result i32)
    i32.const -1
    call_indirect $full (type $i)
  )
  (func (;10;) (type $i) (result i32)
    i32.const 0
    call_indirect $set (type $i)
  )
  (func (;11;) (type $i) (result i32)
    i32.const 0
    call_indirect $exported (type $i)
  )
  (func (;12;) (type 6) (param i32) (result i32)
    local.get 0
    call_indirect (type $i)
  )
)
