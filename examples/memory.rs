//! Sharing data in bulk: the host writes straight into the guest's memory, the guest works on it, the host reads it back.
//!
//! `cargo run -p wharf --example memory`

use wharf::{Engine, Error, Instance, Module, Store};

const GUEST: &str = r#"
    (module
      (memory (export "memory") 32)
      ;; Adds to each byte of a buffer, sixteen at a time.
      (func (export "brighten") (param $at i32) (param $bytes i32) (param $by i32)
        (local $end i32) (local $step v128)
        (local.set $end (i32.add (local.get $at) (local.get $bytes)))
        (local.set $step (i8x16.splat (local.get $by)))
        (loop $next
          (if (i32.lt_u (local.get $at) (local.get $end))
            (then
              (v128.store (local.get $at) (i8x16.add_sat_u (v128.load (local.get $at)) (local.get $step)))
              (local.set $at (i32.add (local.get $at) (i32.const 16)))
              (br $next))))))
"#;

/// Where the host puts the picture, in bytes; a multiple of sixteen as its size.
const AT: usize = 1 << 16;
const BYTES: usize = 1 << 20;

fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let memory = instance
        .get_memory(&store, "memory")
        .ok_or_else(|| Error::msg("no memory"))?;
    let brighten = instance.get_typed_func::<(i32, i32, i32), ()>(&mut store, "brighten")?;

    // No copy beside this one: the slice is the guest's memory.
    let picture = &mut memory.data_mut(&mut store)?[AT..AT + BYTES];
    for (index, byte) in picture.iter_mut().enumerate() {
        *byte = index as u8;
    }
    brighten.call(&mut store, (AT as i32, BYTES as i32, 100))?;
    let picture = &memory.data(&store)?[AT..AT + BYTES];
    assert!(
        picture
            .iter()
            .enumerate()
            .all(|(index, byte)| *byte == (index as u8).saturating_add(100))
    );
    println!(
        "{BYTES} bytes brightened in place; the first four are {:?}",
        &picture[..4]
    );
    Ok(())
}
