;; `validate` says nothing about what is valid.
;; RUN: validate % %
;; RUN[stdin]: validate -
;; STDIN[stdin]: %
;; RUN[one]: validate % no-such-file.wasm %
;; EXIT[one]: 1
(module (func (export "f") (result i32) (i32.const 1)))
