;; What `compile` writes, `run` starts.
;; RUN: compile % -o %tmp/add.wharf && run --invoke add %tmp/add.wharf 1 2
;; RUN[named]: compile % -o %tmp/no/such/folder
;; EXIT[named]: 1
(module
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))
