;; A type section that promises four billion types.
;; RUN: validate %
;; EXIT: 1
(module binary "\00asm" "\01\00\00\00" "\01\05\ff\ff\ff\ff\0f")
