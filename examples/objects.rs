//! Objects on both sides: a guest that builds a list, a host that walks it, adds to it and hands out values of its own.
//!
//! `cargo run -p wharf --example objects`

use wharf::{
    ArrayRef, Caller, Engine, Error, ExternRef, Linker, Module, OwnedRef, RootScope, Store,
    StructRef, Val,
};

const GUEST: &str = r#"
    (module
      (type $text (array (mut i8)))
      (type $order (struct
        (field $what (ref $text)) (field $pieces (mut i32)) (field $buyer externref)
        (field $next (ref null $order))))
      (import "host" "buyer" (func $buyer (result externref)))
      (import "host" "price" (func $price (param (ref $order)) (result i32)))
      (data $words "applepearplum")
      (func $order (param $at i32) (param $length i32) (param $next (ref null $order)) (result (ref $order))
        (struct.new $order
          (array.new_data $text $words (local.get $at) (local.get $length))
          (local.get $length)
          (call $buyer)
          (local.get $next)))
      (func (export "orders") (result (ref $order))
        (call $order (i32.const 0) (i32.const 5)
          (call $order (i32.const 5) (i32.const 4)
            (call $order (i32.const 9) (i32.const 4) (ref.null $order)))))
      (func (export "total") (param $order (ref null $order)) (result i32) (local $sum i32)
        (block $done
          (loop $next
            (br_if $done (ref.is_null (local.get $order)))
            (local.set $sum (i32.add (local.get $sum) (call $price (ref.as_non_null (local.get $order)))))
            (local.set $order (struct.get $order $next (local.get $order)))
            (br $next)))
        (local.get $sum)))
"#;

/// The guest asks for a price. What it gives is a structure of a type of its own, which fits `StructRef`.
fn price(caller: Caller<'_, ()>, order: StructRef) -> Result<i32, Error> {
    let pieces = order.get(&caller, 1)?.i32();
    Ok(25 * pieces.ok_or_else(|| Error::msg("an order has a number of pieces"))?)
}

/// The bytes of the text that an order begins with.
fn what(store: &Store<()>, order: StructRef) -> Result<String, Error> {
    let text: Option<ArrayRef> = match order.get(store, 0)? {
        Val::Ref(wharf::Ref::Any(Some(any))) => any.as_array(store)?,
        _ => None,
    };
    let text = text.ok_or_else(|| Error::msg("an order has a text"))?;
    Ok(String::from_utf8_lossy(text.bytes(store)?).into_owned())
}

fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut linker: Linker<()> = Linker::new(&engine);
    linker.func_wrap("host", "price", price)?.func_wrap(
        "host",
        "buyer",
        |mut caller: Caller<'_, ()>| {
            // The value is dropped when no order holds it any more.
            ExternRef::new(&mut caller, String::from("a friend"))
        },
    )?;
    let module = Module::new(&engine, GUEST)?;
    let mut store = Store::new(&engine, ());
    let guest = linker.instantiate(&mut store, &module)?;
    let orders = guest.get_typed_func::<(), StructRef>(&mut store, "orders")?;
    let total = guest.get_typed_func::<StructRef, i32>(&mut store, "total")?;

    // References are valid as long as their scope, but for what the host owns.
    let first = {
        let mut scope = RootScope::new(&mut store);
        let first = orders.call(&mut scope, ())?;
        OwnedRef::new(&scope, first)?
    };
    store.gc()?;
    let first = first.get(&mut store)?;
    println!(
        "first: {}, {} in all",
        what(&store, first)?,
        total.call(&mut store, first)?
    );

    // The host makes one too: of the guest's type, with the text and the rest of the list shared.
    let ty = first.ty(&store)?;
    let mut fields = first.fields(&store)?;
    fields[1] = Val::I32(100);
    let more = StructRef::new(&mut store, &ty, &fields)?;
    println!(
        "more: {}, {} in all",
        what(&store, more)?,
        total.call(&mut store, more)?
    );

    let stats = store.gc_stats();
    println!(
        "{} bytes of objects, {} collections",
        stats.heap_bytes, stats.full_collections
    );
    Ok(())
}
