;; What is never reached has to be valid as well: functions that name what changes only there are written anew.
(module
  (type $s (struct (field $gone (mut i32)) (field $stays (mut i32)) (field $fixed (mut i64))))
  (global $g (mut (ref null $s)) (struct.new $s (i32.const 1) (i32.const 2) (i64.const 3)))
  (global $h (mut anyref) (ref.null any))
  (func $takes (param $s (ref null $s)) (result i32)
    (struct.set $s $stays (local.get $s) (i32.const 4))
    (struct.get $s $stays (local.get $s)))
  (func (export "get") (unreachable) (drop (struct.get $s $stays (global.get $g))))
  (func (export "set") (return) (struct.set $s $fixed (global.get $g) (i64.const 1)))
  (func (export "gone") (return) (struct.set $s $gone (global.get $g) (i32.const 1)))
  (func (export "call") (return) (drop (call $takes (ref.null $s))))
  (func (export "global") (return) (global.set $h (ref.i31 (i32.const 1))))
  (func (export "f") (param i32) (result i64)
    (local $s (ref $s))
    (local.set $s (struct.new $s (local.get 0) (i32.const 5) (i64.extend_i32_s (local.get 0))))
    (global.set $g (local.get $s))
    (global.set $h (local.get $s))
    (i64.add
      (i64.extend_i32_s (call $takes (local.get $s)))
      (struct.get $s $fixed (ref.cast (ref $s) (global.get $h))))))
----
(module
  (rec
    (type $s (;0;) (struct (field (mut i32)) (field i64)))
    (type (;1;) (func (param (ref null $s)) (result i32)))
  )
  (type (;2;) (func))
  (type (;3;) (func (param i32) (result i64)))
  (type (;4;) (func (param (ref $s)) (result i32)))
  (global $g (;0;) (mut (ref $s)) i32.const 2 i64.const 3 struct.new $s)
  (global $h (;1;) (mut (ref null $s)) ref.null none)
  (export "get" (func 1))
  (export "set" (func 2))
  (export "gone" (func 3))
  (export "call" (func 4))
  (export "global" (func 5))
  (export "f" (func 6))
  (func $takes (;0;) (type 4) (param (ref $s)) (result i32)
    local.get 0
    i32.const 4
    struct.set $s 0
    i32.const 4
  )
  (func (;1;) (type 2)
    unreachable
  )
  (func (;2;) (type 2))
  (func (;3;) (type 2))
  (func (;4;) (type 2))
  (func (;5;) (type 2))
  (func (;6;) (type 3) (param i32) (result i64)
    (local (ref $s) i64)
    i32.const 5
    local.get 0
    i64.extend_i32_s
    local.tee 2
    struct.new $s
    local.tee 1
    global.set $g
    local.get 1
    global.set $h
    local.get 1
    call $takes
    i64.extend_i32_s
    local.get 1
    ref.cast (ref struct)
    drop
    local.get 2
    i64.add
  )
)
