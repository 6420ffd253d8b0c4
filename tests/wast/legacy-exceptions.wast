;; The legacy encoding of exceptions, beyond the official files: what compilers emit, and what only a translation could get wrong.
;;! exceptions = true
;;! legacy_exceptions = true

(module
  (tag $e)
  (tag $i (param i32))
  (tag $pair (param i64 i32))
  (global $trace (mut i32) (i32.const 0))

  ;; Appends a decimal digit.
  (func $note (param i32)
    (global.set $trace (i32.add (i32.mul (global.get $trace) (i32.const 10)) (local.get 0))))
  (func (export "trace") (result i32)
    (global.get $trace)
    (global.set $trace (i32.const 0)))

  (func $throw (param i32)
    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $e)))
    (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $i (i32.const 20))))
    (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $pair (i64.const 300) (i32.const 3)))))

  ;; What C++ compilers make of a function with destructors and a handler: a cleanup that throws again, around a handler that
  ;; does so if it is not for this exception.
  (func (export "cleanup-and-handler") (param i32) (result i32)
    (local $result i32)
    (try
      (do
        (try
          (do
            (call $throw (local.get 0))
            (call $note (i32.const 1)))
          (catch $i
            (local.set $result)
            (call $note (i32.const 2))
            (if (i32.ne (local.get $result) (i32.const 20)) (then (rethrow 1))))
          (catch_all
            (call $note (i32.const 3))
            (rethrow 0))))
      (catch $pair
        (local.set $result)
        (local.set $result (i32.add (i32.wrap_i64) (local.get $result))))
      (catch_all
        (local.set $result (i32.const -1))))
    (local.get $result))

  ;; The third `try` is not seen by what is delegated to the first.
  (func (export "delegate") (param i32) (result i32)
    (try $first (result i32)
      (do
        (try (result i32)
          (do
            (try (result i32)
              (do (call $throw (local.get 0)) (i32.const 0))
              (delegate $first)))
          (catch_all (call $note (i32.const 9)) (i32.const 9))))
      (catch $e (call $note (i32.const 1)) (i32.const 1))
      (catch $i (call $note (i32.const 2)))))

  ;; To the caller: no handler of the function sees it.
  (func $delegate-out (param i32)
    (try
      (do
        (loop $again
          (try
            (do (call $throw (local.get 0)))
            (delegate 2))
          (br_if $again (i32.const 0))))
      (catch_all (call $note (i32.const 8)))))
  (func (export "delegate-to-caller") (param i32) (result i32)
    (try (result i32)
      (do (call $delegate-out (local.get 0)) (call $note (i32.const 7)) (i32.const 0))
      (catch $e (i32.const 1))
      (catch $i)
      (catch_all (i32.const 5))))

  ;; To a `try` that delegates itself, and through a handler.
  (func (export "delegate-chain") (param i32) (result i32)
    (try $outer (result i32)
      (do
        (try (result i32)
          (do
            (try $through (result i32)
              (do
                (try (result i32)
                  (do
                    (try (result i32)
                      (do (call $throw (local.get 0)) (i32.const 0))
                      (delegate $through)))
                  (catch_all (call $note (i32.const 9)) (i32.const 9))))
              (delegate $outer)))
          (catch_all (call $note (i32.const 8)) (i32.const 8))))
      (catch $e (i32.const 1))
      (catch_all (i32.const 2))))
  (func (export "delegate-from-handler") (param i32) (result i32)
    (try $outer (result i32)
      (do
        (try $inner (result i32)
          (do (throw $e))
          (catch $e
            ;; A label of a `try` whose handler this is: its handlers do not count any more.
            (try (result i32)
              (do (call $throw (local.get 0)) (i32.const 0))
              (delegate $inner)))
          (catch $i (call $note (i32.const 9)))))
      (catch $i (i32.add (i32.const 1)))
      (catch_all (i32.const 6))))

  ;; Each `rethrow` throws what its own handler caught.
  (func $rethrow (param i32)
    (try
      (do (throw $i (i32.const 1)))
      (catch $i
        drop
        (try
          (do (throw $i (i32.const 2)))
          (catch_all
            (try
              (do (throw $i (i32.const 3)))
              (catch $i
                drop
                (block (block (block
                  (br_table 0 1 2 (local.get 0)))
                  (rethrow 2))
                  (rethrow 2))
                (rethrow 2))))))))
  (func (export "rethrow") (param i32) (result i32)
    (try (result i32)
      (do (call $rethrow (local.get 0)) (i32.const 0))
      (catch $i)))

  ;; Parameters and several results of blocks, and branches out of all parts.
  (func (export "values") (param i32) (result i64 i32)
    (i64.const 7) (i32.const 8)
    (try $t (param i64 i32) (result i64 i32)
      (do
        (call $throw (local.get 0))
        (i32.add (i32.const 1))
        (br_if $t (i32.eqz (local.get 0)))
        drop drop
        (i64.const 70) (i32.const 80)
        (br $t))
      (catch $pair)
      (catch $i
        (local.set 0)
        (i64.const -1)
        (local.get 0)
        (br_if 0 (i32.const 1)))
      (catch_all (return (i64.const -2) (i32.const -2)))))

  ;; Blocks that delegate and are delegated to, with parameters.
  (func (export "delegated-values") (param i32) (result i32)
    (i32.const 5) (i64.const 6)
    (try $t (param i32 i64) (result i32)
      (do
        i32.wrap_i64
        i32.add
        (try (param i32) (result i32)
          (do
            (try (param i32) (result i32)
              (do (call $throw (local.get 0)))
              (delegate $t)))
          (catch_all (i32.const 9))))
      (catch_all (i32.const 4))))

  ;; A loop around, and one inside; branches to the loops leave and keep the scopes.
  (func (export "loops") (param $n i32) (result i32)
    (local $caught i32)
    (loop $outer
      (try
        (do
          (loop $inner
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $inner (i32.and (local.get $n) (i32.const 3)))
            (br_if $outer (i32.and (local.get $n) (i32.const 4)))
            (throw $i (local.get $n))))
        (catch $i
          (local.set $caught (i32.add (local.get $caught)))
          (br_if $outer (i32.gt_s (local.get $n) (i32.const 0))))))
    (local.get $caught))

  ;; Both encodings in one function.
  (func (export "both") (param i32) (result i32)
    (local $exn exnref)
    (try $legacy (result i32)
      (do
        (block $caught (result i32 exnref)
          (try_table (catch_ref $i $caught)
            (try
              (do (call $throw (local.get 0)))
              (catch $e (throw $i (i32.const 11)))))
          (br $legacy (i32.const 1)))
        (local.set $exn)
        (if (i32.eq (i32.const 11)) (then (br $legacy (i32.const 2))))
        (throw_ref (local.get $exn)))
      (catch $i)
      (catch_all (i32.const 3))))

  ;; A tail call leaves the handlers.
  (func $tail (param i32) (result i32)
    (try (result i32)
      (do (return_call $throw-with (local.get 0)))
      (catch_all (i32.const 9))))
  (func $throw-with (param i32) (result i32) (call $throw (local.get 0)) (i32.const 0))
  (func (export "tail") (param i32) (result i32)
    (try (result i32) (do (call $tail (local.get 0))) (catch $i) (catch_all (i32.const 1))))

  ;; Traps are not caught.
  (func (export "trap") (param i32)
    (try
      (do (try (do (drop (i32.div_u (i32.const 1) (local.get 0)))) (delegate 0)))
      (catch_all)))

  ;; Locals are as they were when it was thrown.
  (func (export "locals") (param i32) (result i32)
    (local $x i32)
    (local.set $x (i32.const 1))
    (try
      (do
        (local.set $x (i32.const 2))
        (call $throw (local.get 0))
        (local.set $x (i32.const 3))
        (throw $e))
      (catch_all))
    (local.get $x))

  (func $deep (param i32)
    (try
      (do
        (if (i32.eqz (local.get 0)) (then (throw $i (i32.const 0))))
        (call $deep (i32.sub (local.get 0) (i32.const 1))))
      (catch $i (throw $i (i32.add (i32.const 1))))))
  (func (export "deep") (param i32) (result i32)
    (try (result i32) (do (call $deep (local.get 0)) (i32.const -1)) (catch $i))))

(assert_return (invoke "cleanup-and-handler" (i32.const 0)) (i32.const 0))
(assert_return (invoke "trace") (i32.const 1))
(assert_return (invoke "cleanup-and-handler" (i32.const 1)) (i32.const -1))
(assert_return (invoke "trace") (i32.const 3))
(assert_return (invoke "cleanup-and-handler" (i32.const 2)) (i32.const 20))
(assert_return (invoke "trace") (i32.const 2))
(assert_return (invoke "cleanup-and-handler" (i32.const 3)) (i32.const 303))
(assert_return (invoke "trace") (i32.const 3))

(assert_return (invoke "delegate" (i32.const 0)) (i32.const 0))
(assert_return (invoke "delegate" (i32.const 1)) (i32.const 1))
(assert_return (invoke "delegate" (i32.const 2)) (i32.const 20))
(assert_exception (invoke "delegate" (i32.const 3)))
(assert_return (invoke "trace") (i32.const 12))

(assert_return (invoke "delegate-to-caller" (i32.const 0)) (i32.const 0))
(assert_return (invoke "delegate-to-caller" (i32.const 1)) (i32.const 1))
(assert_return (invoke "delegate-to-caller" (i32.const 2)) (i32.const 20))
(assert_return (invoke "delegate-to-caller" (i32.const 3)) (i32.const 5))
(assert_return (invoke "trace") (i32.const 7))

(assert_return (invoke "delegate-chain" (i32.const 0)) (i32.const 0))
(assert_return (invoke "delegate-chain" (i32.const 1)) (i32.const 1))
(assert_return (invoke "delegate-chain" (i32.const 2)) (i32.const 2))
(assert_return (invoke "delegate-from-handler" (i32.const 0)) (i32.const 0))
(assert_return (invoke "delegate-from-handler" (i32.const 1)) (i32.const 6))
(assert_return (invoke "delegate-from-handler" (i32.const 2)) (i32.const 21))
(assert_return (invoke "trace") (i32.const 0))

(assert_return (invoke "rethrow" (i32.const 0)) (i32.const 3))
(assert_return (invoke "rethrow" (i32.const 1)) (i32.const 2))
(assert_return (invoke "rethrow" (i32.const 2)) (i32.const 1))

(assert_return (invoke "values" (i32.const 0)) (i64.const 7) (i32.const 9))
(assert_return (invoke "values" (i32.const 4)) (i64.const 70) (i32.const 80))
(assert_return (invoke "values" (i32.const 1)) (i64.const -2) (i32.const -2))
(assert_return (invoke "values" (i32.const 2)) (i64.const -1) (i32.const 20))
(assert_return (invoke "values" (i32.const 3)) (i64.const 300) (i32.const 3))
(assert_return (invoke "delegated-values" (i32.const 0)) (i32.const 11))
(assert_return (invoke "delegated-values" (i32.const 1)) (i32.const 4))

(assert_return (invoke "loops" (i32.const 33)) (i32.const 80))

(assert_return (invoke "both" (i32.const 0)) (i32.const 1))
(assert_return (invoke "both" (i32.const 1)) (i32.const 2))
(assert_return (invoke "both" (i32.const 2)) (i32.const 20))
(assert_return (invoke "both" (i32.const 3)) (i32.const 3))

(assert_return (invoke "tail" (i32.const 0)) (i32.const 0))
(assert_return (invoke "tail" (i32.const 1)) (i32.const 1))
(assert_return (invoke "tail" (i32.const 2)) (i32.const 20))

(assert_trap (invoke "trap" (i32.const 0)) "integer divide by zero")
(assert_return (invoke "trap" (i32.const 1)))

(assert_return (invoke "locals" (i32.const 0)) (i32.const 3))
(assert_return (invoke "locals" (i32.const 1)) (i32.const 2))

(assert_return (invoke "deep" (i32.const 100)) (i32.const 101))
