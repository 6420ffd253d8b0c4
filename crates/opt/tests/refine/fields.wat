;; Of the fields, `written` is never read, `always` is always 7, and `often` is read: it stays, one place before where it was. The function
;; that the first one refers to is still declared.
(module
  (type $f (func (result i32)))
  (type $s (sub (struct (field $written (mut funcref)) (field $always (mut i8)) (field $often (mut i64)))))
  (type $t (sub $s (struct (field $written (mut funcref)) (field $always (mut i8)) (field $often (mut i64)) (field $own f32))))
  (global $g (ref $t) (struct.new $t (ref.func $one) (i32.const 263) (i64.const 1) (f32.const 2)))
  (func $one (type $f) (i32.const 1))
  (func (export "f") (param i32) (result f32)
    (local $s (ref null $s))
    (local.set $s (struct.new $s (ref.func $one) (i32.const 263) (i64.extend_i32_u (local.get 0))))
    (struct.set $s $written (local.get $s) (ref.null func))
    (if (ref.test (ref $t) (local.get $s)) (then (unreachable)))
    (f32.add
      (f32.convert_i64_s (i64.add
        (i64.extend_i32_s (struct.get_s $s $always (local.get $s)))
        (struct.get $s $often (global.get $g))))
      (struct.get $t $own (global.get $g)))))
----
(module
  (rec
    (type $s (;0;) (sub (struct (field i64))))
    (type $t (;1;) (sub $s (struct (field i64))))
    (type $f (;2;) (func (result i32)))
  )
  (type (;3;) (func (param i32) (result f32)))
  (global $g (;0;) (ref $t) i64.const 1 struct.new $t)
  (export "f" (func 1))
  (elem (;0;) declare func $one)
  (func $one (;0;) (type $f) (result i32)
    i32.const 1
  )
  (func (;1;) (type 3) (param i32) (result f32)
    global.get $g
    struct.get $s 0
    i64.const 7
    i64.add
    f32.convert_i64_s
    f32.const 0x1p+1 (;=2;)
    f32.add
  )
)
