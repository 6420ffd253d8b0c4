;; RUN: wat2wasm %
;; EXIT: 1
(module
  (func $parse_header)
  (func (call $parse_haeder)))
