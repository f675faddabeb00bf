;; A component of the world `check`, by hand. `raw.rs` fills in the marked places.
(component
  (import "floorwalker:check/types@0.1.0" (instance $types
    (type $context' (record (field "run-id" string) (field "scheduled-at-ms" u64) (field "timeout-ms" u32)))
    (export "context" (type (eq $context')))
    (type $verdict'
      (record (field "status" string) (field "reason" (option string)) (field "summary" string) (field "details" string)))
    (export "verdict" (type (eq $verdict')))
    (type $check-error' (record (field "reason" string) (field "message" string)))
    (export "check-error" (type (eq $check-error')))))
  (alias export $types "context" (type $context))
  (alias export $types "verdict" (type $verdict))
  (alias export $types "check-error" (type $check-error))
  ;;modules
  (core module $Main
    ;;imports
    (memory (export "memory") 1)
    ;; The description at 16, and its place and length at 8.
    (data (i32.const 8) "\10\00\00\00\5c\00\00\00")
    (data (i32.const 16)
      "{\"name\":\"raw\",\"version\":\"1\",\"kind\":\"probe\",\"config\":{\"type\":\"object\"},\"capabilities\":[]}    ")
    ;;functions
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
    (func (export "describe") (result i32) (i32.const 8))
    (func (export "run") (param i32 i32 i64 i32) (result i32)
      ;;run
    ))
  (core instance $main (instantiate $Main ;;withs
  ))
  (func $describe (result string)
    (canon lift (core func $main "describe") (memory $main "memory") (realloc (func $main "realloc"))))
  (func $run (param "context" $context) (result (result $verdict (error $check-error)))
    (canon lift (core func $main "run") (memory $main "memory") (realloc (func $main "realloc"))))
  (export "describe" (func $describe))
  (export "run" (func $run)))
