;; Limits stop a program, and the message says which.
;; RUN[timeout]: run --tier %tier --timeout 50ms --invoke forever %
;; EXIT[timeout]: 134
;; LINES[timeout]: 1
;; RUN[fuel]: run --tier %tier --fuel 10000 --invoke forever %
;; EXIT[fuel]: 134
;; RUN[enough]: run --tier %tier --fuel 10_000 --timeout 1m --invoke grow % 1
;; RUN[grow]: run --tier %tier --max-memory 128k --invoke grow % 2
;; RUN[memory]: run --tier %tier --max-memory 64KiB --invoke grow % 0
;; RUN[toosmall]: run --tier %tier --max-memory 63KiB --invoke grow % 0
;; EXIT[toosmall]: 1
;; RUN[objects]: run --tier %tier --max-memory 256KiB --invoke hoard %
;; EXIT[objects]: 134
;; LINES[objects]: 1
;; RUN[unit]: run --timeout 5 %
;; EXIT[unit]: 2
;; RUN[bytes]: run --max-memory 5parsecs %
;; EXIT[bytes]: 2
(module
  (type $node (struct (field (ref null $node))))
  (global $list (mut (ref null $node)) (ref.null $node))
  (memory 1)
  (func (export "hoard") (loop $again
    (global.set $list (struct.new $node (global.get $list))) (br $again)))
  (func (export "forever") (loop $again (br $again)))
  (func (export "grow") (param i32) (result i32 i32)
    (memory.grow (local.get 0)) (memory.size)))
