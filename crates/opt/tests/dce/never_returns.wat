;; Nothing is behind calls of what never returns.
(module
  (import "" "import" (func $import))
  (tag $tag)
  (memory 1)
  (func $traps unreachable)
  (func $throws (param i32) (if (local.get 0) (then (call $import))) (throw $tag))
  (func $never_ends (loop $again (br $again)))
  (func $calls_what_traps (param i32) (call $import) (call $traps) (call $import))
  (func $calls_it_on_all_ways (param i32)
    (if (local.get 0) (then (call $calls_what_traps (i32.const 0))) (else (return_call $throws (i32.const 2)))))
  (func $calls_it_on_one_way (param i32) (if (local.get 0) (then (call $traps))))
  (func $catches (param i32) (block $caught (try_table (catch $tag $caught) (call $throws (i32.const 1)))))
  (func $leaves_a_block (param i32) (block $out (br_if $out (local.get 0)) (unreachable)))
  (func (export "a") (call $calls_what_traps (i32.const 0)) (call $import))
  (func (export "b") (call $calls_it_on_all_ways (i32.const 0)) (call $import))
  (func (export "c") (call $calls_it_on_one_way (i32.const 0)) (call $import))
  (func (export "d") (call $catches (i32.const 0)) (call $import))
  (func (export "e") (call $never_ends) (call $import))
  (func (export "f") (call $leaves_a_block (i32.const 0)) (call $import)))
----
(module
  (type (;0;) (func))
  (type (;1;) (func (param i32)))
  (import "" "import" (func $import (;0;) (type 0)))
  (memory (;0;) 1)
  (tag $tag (;0;) (type 0))
  (export "a" (func 9))
  (export "b" (func 10))
  (export "c" (func 11))
  (export "d" (func 12))
  (export "e" (func 13))
  (export "f" (func 14))
  (func $traps (;1;) (type 0)
    unreachable
  )
  (func $throws (;2;) (type 1) (param i32)
    local.get 0
    if ;; label = @1
      call $import
    end
    throw $tag
  )
  (func $never_ends (;3;) (type 0)
    loop ;; label = @1
      br 0 (;@1;)
    end
  )
  (func $calls_what_traps (;4;) (type 1) (param i32)
    call $import
    call $traps
    unreachable
  )
  (func $calls_it_on_all_ways (;5;) (type 1) (param i32)
    local.get 0
    if ;; label = @1
      i32.const 0
      call $calls_what_traps
      unreachable
    end
    i32.const 2
    return_call $throws
  )
  (func $calls_it_on_one_way (;6;) (type 1) (param i32)
    local.get 0
    if ;; label = @1
      call $traps
      unreachable
    end
  )
  (func $catches (;7;) (type 1) (param i32)
    block ;; label = @1
      block ;; label = @2
        try_table (catch $tag 0 (;@2;)) ;; label = @3
          i32.const 1
          call $throws
        end
        br 1 (;@1;)
      end
    end
  )
  (func $leaves_a_block (;8;) (type 1) (param i32)
    local.get 0
    i32.eqz
    if ;; label = @1
      unreachable
    end
  )
  (func (;9;) (type 0)
    i32.const 0
    call $calls_what_traps
    unreachable
  )
  (func (;10;) (type 0)
    i32.const 0
    call $calls_it_on_all_ways
    unreachable
  )
  (func (;11;) (type 0)
    i32.const 0
    call $calls_it_on_one_way
    call $import
  )
  (func (;12;) (type 0)
    i32.const 0
    call $catches
    call $import
  )
  (func (;13;) (type 0)
    call $never_ends
    unreachable
  )
  (func (;14;) (type 0)
    i32.const 0
    call $leaves_a_block
    call $import
  )
)
