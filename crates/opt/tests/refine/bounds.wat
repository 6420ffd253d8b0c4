;; Where nothing can be cast between two places, the one must match the other, even if it never holds anything: the result of a tail call,
;; elements that are copied, a global in a constant expression, a field of a subtype of which there are no objects.
(module
  (type $s (sub (struct (field $own anyref) (field i32))))
  (type $t (sub $s (struct (field $own arrayref) (field i32))))
  (type $objects (array (mut anyref)))
  (type $others (sub (array (mut anyref))))
  (global $null anyref (ref.null any))
  (global $kept (mut anyref) (global.get $null))
  (func $nothing (result anyref) (ref.null any))
  (func $something (param i32) (result anyref)
    (if (local.get 0) (then (return_call $nothing)))
    (struct.new $s (ref.i31 (local.get 0)) (local.get 0)))
  (func $own (param (ref null $t)) (result arrayref) (struct.get $t $own (local.get 0)))
  (func (export "f") (param i32) (result i32)
    (local $objects (ref $objects))
    (local.set $objects (array.new $objects (struct.new $s (ref.i31 (i32.const 1)) (local.get 0)) (i32.const 3)))
    (array.copy $objects $others
      (local.get $objects) (i32.const 0)
      (array.new_default $others (local.get 0)) (i32.const 0) (i32.const 1))
    (if (local.get 0) (then (global.set $kept (call $something (i32.const 0)))))
    (drop (call $own (ref.null $t)))
    (i32.add
      (struct.get $s 1 (ref.cast (ref $s) (global.get $kept)))
      (i32.add
        (i31.get_s (ref.cast (ref i31) (struct.get $s $own (ref.cast (ref $s) (call $something (i32.const 0))))))
        (struct.get $s 1 (ref.cast (ref $s) (array.get $objects (local.get $objects) (i32.const 2))))))))
----
(module
  (rec
    (type $s (;0;) (sub (struct (field $own (ref i31)) (field i32))))
    (type $objects (;1;) (array (mut anyref)))
    (type $t (;2;) (sub $s (struct (field $own (ref none)) (field i32))))
    (type $others (;3;) (sub (array anyref)))
    (type (;4;) (func (result anyref)))
    (type (;5;) (func (param i32) (result anyref)))
    (type (;6;) (func (param (ref null $t)) (result arrayref)))
  )
  (type (;7;) (func (param i32) (result i32)))
  (global $null (;0;) anyref ref.null none)
  (global $kept (;1;) (mut anyref) global.get $null)
  (export "f" (func 3))
  (func $nothing (;0;) (type 4) (result anyref)
    ref.null any
  )
  (func $something (;1;) (type 5) (param i32) (result anyref)
    local.get 0
    if ;; label = @1
      return_call $nothing
    end
    local.get 0
    ref.i31
    local.get 0
    struct.new $s
  )
  (func $own (;2;) (type 6) (param (ref null $t)) (result arrayref)
    local.get 0
    struct.get $t $own
  )
  (func (;3;) (type 7) (param i32) (result i32)
    (local (ref null $objects))
    i32.const 1
    ref.i31
    local.get 0
    struct.new $s
    i32.const 3
    array.new $objects
    local.tee 1
    i32.const 0
    local.get 0
    array.new_default $others
    i32.const 0
    i32.const 1
    array.copy $objects $others
    local.get 0
    if ;; label = @1
      i32.const 0
      call $something
      global.set $kept
    end
    ref.null $t
    call $own
    drop
    global.get $kept
    ref.cast (ref $s)
    struct.get $s 1
    i32.const 0
    call $something
    ref.cast (ref $s)
    struct.get $s $own
    i31.get_s
    local.get 1
    i32.const 2
    array.get $objects
    ref.cast (ref $s)
    struct.get $s 1
    i32.add
    i32.add
  )
)
