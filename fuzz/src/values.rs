//! Values for guests, also objects, and what can be said of a value in every store alike.

use crate::Random;
use wharf::{
    AnyRef, ArrayRef, ArrayType, AsContext, AsContextMut, Engine, ExternRef, FieldType, Func,
    FuncType, HeapType, I31, Ref, StorageType, StructRef, StructType, TypeKind, V128, Val, ValType,
};

/// Objects within objects that are made and shown.
const DEPTH_MAX: usize = 3;

/// Elements of an array that are shown.
const SHOWN_MAX: u32 = 40;

/// Bits of a number: edges are where meanings differ.
fn bits(random: &mut Random) -> u64 {
    const EDGES: [i64; 10] = [
        0,
        1,
        2,
        -1,
        7,
        i32::MIN as i64,
        i32::MAX as i64,
        i64::MIN,
        i64::MAX,
        0x1_0000,
    ];
    match random.below(3) {
        0 => EDGES[random.below(EDGES.len())] as u64,
        1 => random.below(64) as u64,
        _ => random.number(),
    }
}

/// A value of a type; `None` if the host can make none.
pub fn make(
    store: &mut impl AsContextMut,
    engine: &Engine,
    random: &mut Random,
    ty: ValType,
) -> Option<Val> {
    make_within(store, engine, random, ty, 0)
}

fn make_within(
    store: &mut impl AsContextMut,
    engine: &Engine,
    random: &mut Random,
    ty: ValType,
    depth: usize,
) -> Option<Val> {
    let bits = bits(random);
    Some(match ty {
        ValType::I32 => Val::I32(bits as i32),
        ValType::I64 => Val::I64(bits as i64),
        ValType::F32 if random.below(2) == 0 => Val::from(bits as i32 as f32),
        ValType::F64 if random.below(2) == 0 => Val::from(bits as i64 as f64),
        // NaNs too, of which only the canonical one is the same everywhere.
        ValType::F32 => Val::from(canonical32(f32::from_bits(bits as u32))),
        ValType::F64 => Val::from(canonical64(f64::from_bits(bits))),
        ValType::V128 => {
            let lane = canonical64(f64::from_bits(bits)).to_bits();
            Val::V128(V128::from_u128(u128::from(lane) << 64 | u128::from(lane)))
        }
        ValType::Ref(ty) if ty.nullable && random.below(4) == 0 => {
            Val::default_of(ValType::Ref(ty))
        }
        ValType::Ref(ty) => {
            let made = match ty.heap {
                HeapType::Any if random.below(2) == 0 => {
                    let external = ExternRef::new(&mut *store, bits).ok()?;
                    Some(Val::from(AnyRef::convert_extern(external)))
                }
                HeapType::Any | HeapType::Eq | HeapType::I31 => Some(Val::from(AnyRef::from_i31(
                    &*store,
                    I31::wrapping(bits as i32),
                ))),
                HeapType::Extern if random.below(2) == 0 => {
                    let number = AnyRef::from_i31(&*store, I31::wrapping(bits as i32));
                    Some(Val::from(ExternRef::convert_any(number)))
                }
                HeapType::Extern => Some(Val::from(ExternRef::new(&mut *store, bits).ok()?)),
                HeapType::Func => Some(func(store, bits)),
                HeapType::Concrete(TypeKind::Func, _) => Some(
                    Func::new_of_type(store, ty.heap, |_, _, _| Ok(()))
                        .ok()?
                        .into(),
                ),
                heap => object(store, engine, random, heap, depth),
            };
            match made {
                None if ty.nullable => Val::default_of(ValType::Ref(ty)),
                made => made?,
            }
        }
    })
}

/// A function that says what it was given.
fn func(store: &mut impl AsContextMut, bits: u64) -> Val {
    let params = [ValType::I32, ValType::F64, ValType::V128];
    let params = params.into_iter().take(bits as usize % 4);
    let ty = FuncType::new(params.clone(), params);
    let func = Func::new(store, ty, |_, given, results| {
        results.copy_from_slice(given);
        Ok(())
    });
    func.expect("calls of few values compile").into()
}

/// An object of a defined type.
fn object(
    store: &mut impl AsContextMut,
    engine: &Engine,
    random: &mut Random,
    heap: HeapType,
    depth: usize,
) -> Option<Val> {
    if depth == DEPTH_MAX {
        return None;
    }
    let mut element = |store: &mut _, field: FieldType| {
        let ty = match field.storage {
            StorageType::I8 | StorageType::I16 => ValType::I32,
            StorageType::Val(ty) => ty,
        };
        make_within(store, engine, random, ty, depth + 1)
    };
    if let Some(ty) = StructType::from_heap_type(engine, heap) {
        let fields: Option<Vec<Val>> = ty
            .fields()
            .into_iter()
            .map(|field| element(store, field))
            .collect();
        return Some(StructRef::new(store, &ty, &fields?).ok()?.into());
    }
    let ty = ArrayType::from_heap_type(engine, heap)?;
    let value = element(store, ty.element())?;
    let len = random.below(20) as u32;
    Some(ArrayRef::new(store, &ty, len, value).ok()?.into())
}

fn canonical32(value: f32) -> f32 {
    if value.is_nan() { f32::NAN } else { value }
}

fn canonical64(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value }
}

/// A value without what only means something in its own store.
pub fn shown(store: &impl AsContext, value: &Val) -> String {
    let mut text = String::new();
    show(store, value, 0, &mut text);
    text
}

/// Values as [`shown`], one after the other.
pub fn all_shown(store: &impl AsContext, values: &[Val]) -> Vec<String> {
    values.iter().map(|value| shown(store, value)).collect()
}

fn show(store: &impl AsContext, value: &Val, depth: usize, text: &mut String) {
    let (name, parts) = match value {
        Val::Ref(Ref::Any(Some(value))) => inside(store, *value),
        Val::Ref(Ref::Extern(Some(value))) => {
            text.push_str("extern ");
            inside(store, AnyRef::convert_extern(*value))
        }
        Val::Ref(Ref::Exn(Some(value))) => {
            let exception = value.exception(store).expect("its own");
            ("exn".into(), exception.values(store).expect("its own"))
        }
        Val::Ref(Ref::Func(Some(func))) => {
            let ty = func.ty(store).expect("its own");
            (format!("func {}", ty.params().len()), Vec::new())
        }
        value => (format!("{value:?}"), Vec::new()),
    };
    text.push_str(&name);
    if parts.is_empty() {
        return;
    }
    text.push('(');
    for part in &parts {
        if depth == DEPTH_MAX {
            text.push('…');
            break;
        }
        show(store, part, depth + 1, text);
        text.push(' ');
    }
    text.push(')');
}

/// What a reference refers to, and what is in it.
fn inside(store: &impl AsContext, value: AnyRef) -> (String, Vec<Val>) {
    if let Some(number) = value.as_i31(store).expect("its own") {
        return (format!("i31 {}", number.get()), Vec::new());
    }
    if let Some(object) = value.as_struct(store).expect("its own") {
        return ("struct".into(), object.fields(store).expect("its own"));
    }
    if let Some(array) = value.as_array(store).expect("its own") {
        let len = array.len(store).expect("its own");
        let elements = (0..len.min(SHOWN_MAX)).map(|at| array.get(store, at).expect("in bounds"));
        return (format!("array of {len}"), elements.collect());
    }
    ("of the host".into(), Vec::new())
}
