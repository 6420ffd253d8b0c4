;; What a global refers to for ever is called directly; subtypes are what their supertypes are.
(module
  (type $super (sub (func (result (ref null any)))))
  (type $sub (sub $super (func (result (ref i31)))))
  (rec (type $twin (func)) (type $unlike (func (param i32))))
  (rec (type $other_twin (func)) (type $other_unlike (func (param i32))))
  (type $alone (func))
  (import "" "global" (global $imported (ref $super)))
  (global $constant (ref $super) (ref.func $f))
  (global $mutable (mut (ref $super)) (ref.func $f))
  (table $table 4 4 funcref)
  (elem (table $table) (i32.const 0) func $f $g)
  (func $f (type $sub) (ref.i31 (i32.const 1)))
  (func $g (type $twin))
  (func (export "constant") (result (ref null any)) (call_ref $super (global.get $constant)))
  (func (export "tail") (result (ref null any)) (return_call_ref $super (global.get $constant)))
  (func (export "mutable") (result (ref null any)) (call_ref $super (global.get $mutable)))
  (func (export "imported") (result (ref null any)) (call_ref $super (global.get $imported)))
  (func (export "is_super") (result (ref null any)) (call_indirect $table (type $super) (i32.const 0)))
  (func (export "is_same") (call_indirect $table (type $other_twin) (i32.const 1)))
  (func (export "is_not_same") (call_indirect $table (type $alone) (i32.const 1))))
----
(module
  (type $super (;0;) (sub (func (result anyref))))
  (type $sub (;1;) (sub $super (func (result (ref i31)))))
  (rec
    (type $twin (;2;) (func))
    (type $unlike (;3;) (func (param i32)))
  )
  (rec
    (type $other_twin (;4;) (func))
    (type $other_unlike (;5;) (func (param i32)))
  )
  (type $alone (;6;) (func))
  (import "" "global" (global $imported (;0;) (ref $super)))
  (table $table (;0;) 4 4 funcref)
  (global $constant (;1;) (ref $super) ref.func $f)
  (global $mutable (;2;) (mut (ref $super)) ref.func $f)
  (export "constant" (func 2))
  (export "tail" (func 3))
  (export "mutable" (func 4))
  (export "imported" (func 5))
  (export "is_super" (func 6))
  (export "is_same" (func 7))
  (export "is_not_same" (func 8))
  (elem (;0;) (table $table) (i32.const 0) func $f $g)
  (func $f (;0;) (type $sub) (result (ref i31))
    i32.const 1
    ref.i31
  )
  (func $g (;1;) (type $twin))
  (func (;2;) (type $super) (result anyref)
    call $f
  )
  (func (;3;) (type $super) (result anyref)
    return_call $f
  )
  (func (;4;) (type $super) (result anyref)
    global.get $mutable
    call_ref $super
  )
  (func (;5;) (type $super) (result anyref)
    global.get $imported
    call_ref $super
  )
  (func (;6;) (type $super) (result anyref)
    call $f
  )
  (func (;7;) (type $alone))
  (func (;8;) (type $alone)
    i32.const 1
    call_indirect (type $alone)
  )
)
