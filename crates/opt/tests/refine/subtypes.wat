;; A field that is never written after its object was made may have a type of its own in each subtype; one that is written may not.
(module
  (type $base (sub (struct (field $fixed (mut anyref)) (field $moving (mut anyref)))))
  (type $numbers (sub $base (struct (field $fixed (mut anyref)) (field $moving (mut anyref)))))
  (type $boxes (sub $base (struct (field $fixed (mut anyref)) (field $moving (mut anyref)) (field $own i32))))
  (type $box (struct (field i32)))
  (func $read (param $base (ref null $base)) (result i32)
    (struct.set $base $moving (local.get $base) (struct.new $box (i32.const 3)))
    (drop (struct.get $base $moving (local.get $base)))
    (if (result i32) (ref.test (ref $numbers) (local.get $base))
      (then (i31.get_s (ref.cast (ref i31)
        (struct.get $numbers $fixed (ref.cast (ref $numbers) (local.get $base))))))
      (else (struct.get $box 0 (ref.cast (ref $box)
        (struct.get $boxes $fixed (ref.cast (ref $boxes) (local.get $base))))))))
  (func (export "f") (param i32) (result i32)
    (i32.add
      (call $read (struct.new $numbers (ref.i31 (local.get 0)) (ref.i31 (i32.const 2))))
      (call $read (struct.new $boxes (struct.new $box (local.get 0)) (ref.i31 (i32.const 4)) (i32.const 5))))))
----
(module
  (rec
    (type $base (;0;) (sub (struct (field $fixed (ref eq)) (field $moving (mut (ref eq))))))
    (type $box (;1;) (struct (field i32)))
    (type $numbers (;2;) (sub $base (struct (field $fixed (ref i31)) (field $moving (mut (ref eq))))))
    (type $boxes (;3;) (sub $base (struct (field (ref $box)) (field (mut (ref eq))))))
    (type (;4;) (func (param (ref null $base)) (result i32)))
  )
  (type (;5;) (func (param i32) (result i32)))
  (type (;6;) (func (param (ref $base)) (result i32)))
  (export "f" (func 1))
  (func $read (;0;) (type 6) (param (ref $base)) (result i32)
    (local i32)
    local.get 0
    i32.const 3
    struct.new $box
    struct.set $base $moving
    local.get 0
    ref.test (ref $numbers)
    if ;; label = @1
      local.get 0
      ref.cast (ref null $numbers)
      struct.get $numbers $fixed
      i31.get_s
      local.set 1
    else
      local.get 0
      ref.cast (ref $boxes)
      struct.get $boxes 0
      struct.get $box 0
      local.set 1
    end
    local.get 1
  )
  (func (;1;) (type 5) (param i32) (result i32)
    local.get 0
    ref.i31
    i32.const 2
    ref.i31
    struct.new $numbers
    call $read
    local.get 0
    struct.new $box
    i32.const 4
    ref.i31
    struct.new $boxes
    call $read
    i32.add
  )
)
