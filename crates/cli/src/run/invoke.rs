//! Calling one function with arguments from the command line.
//!
//! Apart from running programs: the arguments are values here, not strings, and are read before anything of the guest runs.

use std::ffi::OsString;
use std::io::{self, Write};

use wharf::{ExternType, HeapType, Ref, RefType, V128, Val, ValType};

use super::literal;
use crate::failure::Failure;

/// A function with its arguments.
pub struct Call {
    name: String,
    params: Vec<Val>,
}

impl Call {
    /// Reads the arguments as the function's type says.
    ///
    /// # Errors
    ///
    /// The module exports no such function, or the arguments do not fit it.
    pub fn parse(module: &wharf::Module, name: &str, args: &[OsString]) -> Result<Call, Failure> {
        let Some(ExternType::Func(ty)) = module.export(name) else {
            let message = format!("the module exports no function `{name}`");
            return Err(Failure::new(message).help(super::report::exported_functions(module)));
        };
        let types = ty.params();
        if types.len() != args.len() {
            let plural = if types.len() == 1 { "" } else { "s" };
            let message = format!(
                "expected {} argument{plural}, found {}",
                types.len(),
                args.len()
            );
            return Err(Failure::usage(message).help(format!("the type of {name} is {ty}")));
        }
        let params = types.iter().zip(args).enumerate().map(|(at, (&ty, arg))| {
            let arg = arg.to_string_lossy();
            parse(ty, &arg).ok_or_else(|| {
                Failure::usage(format!(
                    "argument {} of {name}: expected {ty}, found `{arg}`",
                    at + 1
                ))
                .maybe_help(notation(ty))
            })
        });
        Ok(Call {
            name: name.to_owned(),
            params: params.collect::<Result<_, _>>()?,
        })
    }

    /// Calls the function and prints its results, one a line.
    ///
    /// # Errors
    ///
    /// The guest stops.
    pub fn run<T>(
        &self,
        store: &mut wharf::Store<T>,
        instance: wharf::Instance,
    ) -> wharf::Result<()> {
        if self.name != "_initialize"
            && let Some(initialize) = instance.get_func(&*store, "_initialize")
        {
            initialize.call(&mut *store, &[])?;
        }
        let func = instance.get_func(&*store, &self.name);
        let results = func
            .expect("the export was there")
            .call(store, &self.params)?;
        let lines: String = results.iter().map(|value| show(value) + "\n").collect();
        io::stdout().write_all(lines.as_bytes())?;
        Ok(())
    }
}

fn parse(ty: ValType, text: &str) -> Option<Val> {
    Some(match ty {
        ValType::I32 => Val::I32(literal::parse_i32(text)?),
        ValType::I64 => Val::I64(literal::parse_i64(text)?),
        ValType::F32 => Val::F32(literal::parse_f32(text)?),
        ValType::F64 => Val::F64(literal::parse_f64(text)?),
        ValType::V128 => Val::V128(V128::from_u128(literal::parse_v128(text)?)),
        ValType::Ref(RefType { nullable: true, .. }) if text == "null" => Val::default_of(ty),
        ValType::Ref(_) => return None,
    })
}

/// How a value of this type is written, where that is not obvious.
fn notation(ty: ValType) -> Option<&'static str> {
    match ty {
        ValType::I32 | ValType::I64 => None,
        ValType::F32 | ValType::F64 => Some("write it as 1.5, -1e9, inf, nan or nan:0x400001"),
        ValType::V128 => Some("write its 128 bits as one hexadecimal number, lane 0 last"),
        ValType::Ref(RefType {
            heap: HeapType::Func | HeapType::Extern,
            ..
        }) => Some("the only reference that can be written is `null`"),
        ValType::Ref(_) => None,
    }
}

fn show(value: &Val) -> String {
    match *value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => literal::show_f32(bits),
        Val::F64(bits) => literal::show_f64(bits),
        Val::V128(value) => literal::show_v128(value.to_u128()),
        Val::Ref(Ref::Func(None) | Ref::Extern(None) | Ref::Exn(None) | Ref::Any(None)) => {
            "null".to_owned()
        }
        Val::Ref(Ref::Func(Some(_))) => "funcref".to_owned(),
        Val::Ref(Ref::Extern(Some(_))) => "externref".to_owned(),
        Val::Ref(Ref::Exn(Some(_))) => "exnref".to_owned(),
        Val::Ref(Ref::Any(Some(_))) => "anyref".to_owned(),
    }
}
