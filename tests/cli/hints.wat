;; A hint at what is no branch is advice without sense: the module is valid, and `validate` says so all the same.
;; RUN: validate %
;; RUN[later]: --invoke one %
(module
  (func (export "one") (result i32)
    (@metadata.code.branch_hint "\01") (nop)
    (i32.const 1)))
