;; Whatever is put into the global, the field and the parameter is a `dog`, and never null where it is not: nothing has to be found out.
(module
  (type $animal (sub (struct (field $legs (mut i32)))))
  (type $dog (sub $animal (struct (field $legs (mut i32)) (field $barks (mut i32)))))
  (type $box (struct (field $content (mut (ref null $animal)))))
  (global $last (mut (ref null $animal)) (ref.null $animal))
  (func $barks (param $who (ref null $animal)) (result i32)
    (struct.get $dog $barks (ref.cast (ref $dog) (local.get $who))))
  (func $of_box (param $box (ref null $box)) (result i32)
    (struct.get $dog $barks (ref.cast (ref null $dog) (struct.get $box $content (local.get $box)))))
  (func (export "f") (param $n i32) (result i32)
    (local $dog (ref $dog))
    (local.set $dog (struct.new $dog (i32.const 4) (local.get $n)))
    (global.set $last (local.get $dog))
    (struct.set $dog $legs (local.get $dog) (i32.const 3))
    (i32.add
      (i32.add
        (call $barks (local.get $dog))
        (call $of_box (struct.new $box (local.get $dog))))
      (i32.add
        (call $of_box (struct.new $box (struct.new $dog (local.get $n) (i32.const 2))))
        (struct.get $animal $legs (global.get $last)))))
  (func (export "g") (result i32)
    (struct.get $dog $barks (ref.cast (ref null $dog) (global.get $last)))))
----
(module
  (rec
    (type $animal (;0;) (sub (struct (field $legs (mut i32)))))
    (type $dog (;1;) (sub $animal (struct (field $legs (mut i32)) (field $barks i32))))
    (type $box (;2;) (struct (field $content (ref $dog))))
    (type (;3;) (func (param (ref null $animal)) (result i32)))
    (type (;4;) (func (param (ref null $box)) (result i32)))
  )
  (type (;5;) (func (param i32) (result i32)))
  (type (;6;) (func (result i32)))
  (type (;7;) (func (param (ref $dog)) (result i32)))
  (type (;8;) (func (param (ref $box)) (result i32)))
  (global $last (;0;) (mut (ref null $dog)) ref.null none)
  (export "f" (func 2))
  (export "g" (func 3))
  (func $barks (;0;) (type 7) (param (ref $dog)) (result i32)
    local.get 0
    struct.get $dog $barks
  )
  (func $of_box (;1;) (type 8) (param (ref $box)) (result i32)
    local.get 0
    struct.get $box $content
    struct.get $dog $barks
  )
  (func (;2;) (type 5) (param i32) (result i32)
    (local (ref $dog))
    i32.const 4
    local.get 0
    struct.new $dog
    local.tee 1
    global.set $last
    local.get 1
    i32.const 3
    struct.set $dog $legs
    local.get 1
    call $barks
    local.get 1
    struct.new $box
    call $of_box
    i32.add
    local.get 0
    i32.const 2
    struct.new $dog
    struct.new $box
    call $of_box
    i32.const 3
    i32.add
    i32.add
  )
  (func (;3;) (type 6) (result i32)
    global.get $last
    struct.get $dog $barks
  )
)
