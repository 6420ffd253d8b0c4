;; Calls of what only computes go if their results are not used; those that may trap, not end or write stay.
(module
  (import "" "import" (func $import (result i32)))
  (memory 1)
  (global $global (mut i32) (i32.const 0))
  (func $computes (param i32) (result i32) (i32.mul (global.get $global) (i32.const 3)))
  (func $calls_what_computes (result i32) (call $computes (i32.const 1)))
  (func $divides (param i32) (result i32) (i32.div_u (i32.const 3) (local.get 0)))
  (func $loads (result i32) (i32.load (i32.const 0)))
  (func $loops (result i32) (loop $again (br_if $again (global.get $global))) (i32.const 2))
  (func $calls_itself (result i32) (if (result i32) (global.get $global) (then (call $calls_itself)) (else (i32.const 1))))
  (func $writes (result i32) (global.set $global (i32.const 1)) (i32.const 1))
  (func $calls_what_writes (result i32) (call $writes))
  (func $has_no_writes_that_are_reached (result i32) (return (i32.const 1)) (global.set $global (i32.const 1)))
  (func (export "f")
    (drop (call $import))
    (drop (call $computes (i32.const 1)))
    (drop (call $calls_what_computes))
    (drop (call $divides (i32.const 1)))
    (drop (call $loads))
    (drop (call $loops))
    (drop (call $calls_itself))
    (drop (call $writes))
    (drop (call $calls_what_writes))
    (drop (call $has_no_writes_that_are_reached))))
----
(module
  (type (;0;) (func (result i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (import "" "import" (func $import (;0;) (type 0) (result i32)))
  (memory (;0;) 1)
  (global $global (;0;) (mut i32) i32.const 0)
  (export "f" (func 10))
  (func $computes (;1;) (type 1) (param i32) (result i32)
    global.get $global
    i32.const 3
    i32.mul
  )
  (func $calls_what_computes (;2;) (type 0) (result i32)
    i32.const 1
    call $computes
  )
  (func $divides (;3;) (type 1) (param i32) (result i32)
    i32.const 3
    local.get 0
    i32.div_u
  )
  (func $loads (;4;) (type 0) (result i32)
    i32.const 0
    i32.load
  )
  (func $loops (;5;) (type 0) (result i32)
    loop ;; label = @1
      global.get $global
      br_if 0 (;@1;)
    end
    i32.const 2
  )
  (func $calls_itself (;6;) (type 0) (result i32)
    (local i32)
    global.get $global
    if ;; label = @1
      call $calls_itself
      local.set 0
    else
      i32.const 1
      local.set 0
    end
    local.get 0
  )
  (func $writes (;7;) (type 0) (result i32)
    i32.const 1
    global.set $global
    i32.const 1
  )
  (func $calls_what_writes (;8;) (type 0) (result i32)
    call $writes
  )
  (func $has_no_writes_that_are_reached (;9;) (type 0) (result i32)
    i32.const 1
  )
  (func (;10;) (type 2)
    call $import
    drop
    i32.const 1
    call $divides
    drop
    call $loads
    drop
    call $loops
    drop
    call $calls_itself
    drop
    call $writes
    drop
    call $calls_what_writes
    drop
  )
)
