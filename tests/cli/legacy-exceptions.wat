;; The legacy encoding of exceptions is allowed unless it is refused.
;; RUN: run --invoke f % 1
;; RUN[valid]: validate %
;; RUN[refused]: run --features -legacy-exceptions --invoke f % 1
;; EXIT[refused]: 1
(module
  (tag $e (param i32))
  (func (export "f") (param i32) (result i32)
    (try (result i32)
      (do (throw $e (local.get 0)))
      (catch $e (i32.add (i32.const 41))))))
