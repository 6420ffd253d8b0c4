;; RUN: validate %
;; EXIT: 1
(module binary "\00asm" "\ff\00\00\00")
