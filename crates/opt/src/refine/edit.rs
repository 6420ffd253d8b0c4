//! A function as it must be once fields are gone.
//!
//! Apart from the plan because it is about one function. Types of references are not in it, so that nothing else changes here.

use super::plan::{Fate, Plan};
use ir::{Func, GcOp, Inst, InstId, Type, Value};
use module::{Extend, Header, StorageType};

/// Reads and writes what is left of objects.
pub(super) fn edit(func: &mut Func, header: &Header, plan: &Plan) {
    let mut instead: Vec<(Value, Type, u128)> = Vec::new();
    let mut ids: Vec<InstId> = Vec::new();
    for block in func.blocks() {
        ids.extend(func.insts(block));
    }
    for id in ids {
        let Inst::Gc { op, args } = *func.inst(id) else {
            continue;
        };
        let (GcOp::StructNew(ty) | GcOp::StructGet { ty, .. } | GcOp::StructSet { ty, .. }) = op
        else {
            continue;
        };
        let fates = &plan.fields[ty.index()];
        if fates.is_empty() {
            continue;
        }
        let place = |field: u32| {
            let before = fates[..field as usize].iter();
            before.filter(|fate| **fate == Fate::Stays).count() as u32
        };
        let object = func.list(args).first().copied();
        match op {
            GcOp::StructNew(_) => {
                let args = func.list(args).iter().zip(fates);
                let kept = args.filter(|(_, fate)| **fate == Fate::Stays);
                let kept: Vec<Value> = kept.map(|(&arg, _)| arg).collect();
                let args = func.make_list(&kept);
                func.set_inst(id, Inst::Gc { op, args });
            }
            GcOp::StructGet { field, extend, .. } => match (fates[field as usize], object) {
                (Fate::Stays, _) => {
                    let field = place(field);
                    let op = GcOp::StructGet { ty, field, extend };
                    func.set_inst(id, Inst::Gc { op, args });
                }
                (fate, Some(value)) => {
                    let bits = match fate {
                        Fate::Always(bits) => bits,
                        // It is not reached.
                        _ => 0,
                    };
                    let result = func.result(id);
                    let storage = ir::struct_field(header, ty, field);
                    instead.push((result, func.ty(result), read(storage, extend, bits)));
                    func.replace_unused(id, Inst::NullCheck { value });
                }
                (_, None) => {}
            },
            GcOp::StructSet { field, .. } => match (fates[field as usize], object) {
                (Fate::Stays, _) => {
                    let field = place(field);
                    let op = GcOp::StructSet { ty, field };
                    func.set_inst(id, Inst::Gc { op, args });
                }
                (_, Some(value)) => func.set_inst(id, Inst::NullCheck { value }),
                (_, None) => {}
            },
            _ => {}
        }
    }
    if instead.is_empty() {
        return;
    }
    let mut new = vec![None; func.n_values()];
    for (value, ty, bits) in instead {
        new[value.index()] = Some(func.constant(ty, bits));
    }
    func.map_values(|value| new.get(value.index()).copied().flatten().unwrap_or(value));
}

/// What is read of a field into which this was stored.
fn read(storage: StorageType, extend: Extend, bits: u128) -> u128 {
    let bits_read = match (storage, extend) {
        (StorageType::I8, Extend::Signed) => bits as u8 as i8 as i32 as u32,
        (StorageType::I8, _) => (bits as u8).into(),
        (StorageType::I16, Extend::Signed) => bits as u16 as i16 as i32 as u32,
        (StorageType::I16, _) => (bits as u16).into(),
        (StorageType::Val(_), _) => return bits,
    };
    bits_read.into()
}
