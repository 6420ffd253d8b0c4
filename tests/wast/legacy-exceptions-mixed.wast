;;! legacy_exceptions = true
;; What is delegated passes by handlers between: a function in which some of these are of the other encoding is refused.
(assert_invalid
  (module
    (tag $t)
    (func
      (try
        (do
          (block $caught
            (try_table (catch_all $caught)
              (try (do (throw $t)) (delegate 2)))))
        (catch_all))))
  "the function has both try_table and delegate")
(module
  (tag $t)
  (func (export "both") (result i32)
    (try (result i32)
      (do
        (block $caught
          (try_table (catch_all $caught) (throw $t)))
        (throw $t))
      (catch_all (i32.const 1)))))
(assert_return (invoke "both") (i32.const 1))
