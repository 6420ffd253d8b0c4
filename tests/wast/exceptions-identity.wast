;; Tags are compared by identity, whatever their types are; references to exceptions cannot be taken for anything else.
;;! exceptions = true

;; Two tags of one type, in one module.
(module $two
  (tag $a (export "a") (param i32))
  (tag $b (export "b") (param i32))
  (func (export "throw-a") (param i32) (throw $a (local.get 0)))
  (func (export "throw-b") (param i32) (throw $b (local.get 0)))
  (func $catch (export "catch") (param i32) (result i32)
    (block $on-b (result i32)
      (block $on-a (result i32)
        (try_table (result i32) (catch $a $on-a) (catch $b $on-b)
          (if (local.get 0) (then (throw $b (i32.const 20))))
          (throw $a (i32.const 10))))
      (return (i32.add (i32.const 1))))
    (i32.add (i32.const 2))))
(assert_return (invoke "catch" (i32.const 0)) (i32.const 11))
(assert_return (invoke "catch" (i32.const 1)) (i32.const 22))

;; Another instance of the same module has tags of its own.
(register "two")
(module definition $counter
  (tag $t (export "t") (param i64))
  (func (export "throw") (throw $t (i64.const 5)))
  (func (export "null") (param exnref) (throw_ref (local.get 0))))
(module instance $first $counter)
(module instance $second $counter)
(register "first" $first)
(register "second" $second)
(module
  (import "first" "t" (tag $t1 (param i64)))
  (import "second" "t" (tag $t2 (param i64)))
  (import "first" "t" (tag $t3 (param i64)))
  (import "first" "throw" (func $throw1))
  (import "second" "throw" (func $throw2))
  (func (export "run") (param i32) (result i32)
    (block $two (result i64)
      (block $one (result i64)
        (try_table (catch $t2 $two) (catch $t3 $one) (catch $t1 $two)
          (if (local.get 0) (then (call $throw1)) (else (call $throw2))))
        (return (i32.const 0)))
      (return (i32.wrap_i64)))
    drop
    (i32.const 2)))
(assert_return (invoke "run" (i32.const 1)) (i32.const 5))
(assert_return (invoke "run" (i32.const 0)) (i32.const 2))

;; What crosses an instance that does not know the tag stays what it is.
(module
  (import "two" "throw-a" (func $throw (param i32)))
  (tag $mine (param i32))
  (func (export "pass") (param i32)
    (block $other (result i32)
      (try_table (catch $mine $other) (call $throw (local.get 0)))
      unreachable)
    drop)
  (func (export "reraise") (param i32)
    (block $any (result exnref)
      (try_table (catch_all_ref $any) (call $throw (local.get 0)))
      unreachable)
    throw_ref))
(register "middle")
(module
  (import "two" "a" (tag $a (param i32)))
  (import "two" "b" (tag $b (param i32)))
  (import "middle" "pass" (func $pass (param i32)))
  (import "middle" "reraise" (func $reraise (param i32)))
  (func (export "outer") (param i32) (result i32)
    (block $b (result i32)
      (block $a (result i32)
        (try_table (catch $b $b) (catch $a $a)
          (call $pass (local.get 0)))
        unreachable)
      (return))
    drop
    i32.const -1)
  (func (export "again") (param i32) (result i32)
    (block $b (result i32)
      (block $a (result i32)
        (try_table (catch $b $b) (catch $a $a)
          (call $reraise (local.get 0)))
        unreachable)
      (return))
    drop
    i32.const -1))
(assert_return (invoke "outer" (i32.const 9)) (i32.const 9))
(assert_return (invoke "again" (i32.const 8)) (i32.const 8))
(assert_exception (invoke $two "throw-b" (i32.const 1)))

;; Nothing to throw.
(assert_trap (invoke $first "null" (ref.null exn)) "null reference")

;; References of other hierarchies are no exceptions.
(assert_invalid (module (func (param externref) (throw_ref (local.get 0)))) "type mismatch")
(assert_invalid (module (func (param anyref) (throw_ref (local.get 0)))) "type mismatch")
(assert_invalid (module (func (param exnref) (result anyref) (local.get 0))) "type mismatch")
(assert_invalid (module (func (param exnref) (result externref) (local.get 0))) "type mismatch")
(assert_invalid (module (func (param exnref) (result i32) (ref.eq (local.get 0) (local.get 0)))) "type mismatch")
(assert_invalid (module (tag $t (param i32)) (func (block $l (result i64) (try_table (catch $t $l)) (i64.const 0)) drop)) "type mismatch")
(assert_invalid (module (tag $t (param i32)) (func (block $l (result i32) (try_table (catch_ref $t $l)) (i32.const 0)) drop)) "type mismatch")
