//! Looks at a component, and at what is nested in it.
//!
//! Apart from core modules: what components ask and offer are interfaces.

use std::collections::BTreeMap;
use std::ops::Range;

use wasmparser::{ComponentExport, ComponentImport, SectionLimited};

use super::{Ask, Capability, DEPTH_MAX, Export, Overview, Purpose, asks};
use crate::Fault;
use crate::frames::{Frame, frames, reader};

pub(super) fn look(file: &[u8], range: Range<usize>, depth: usize, overview: &mut Overview) {
    let mut found = BTreeMap::new();
    for frame in frames(file, range) {
        let read = match frame.id {
            10 => imports(file, &frame, &mut found),
            11 => exports(file, &frame, overview),
            _ => Ok(()),
        };
        if let Err(fault) = read {
            overview.faults.push(fault.to_string());
        }
        if frame.custom.as_deref() == Some("producers") {
            producers(file, &frame, overview);
        }
        if frame.nested().is_some() {
            if depth < DEPTH_MAX && overview.nested.len() < NESTED_MAX {
                overview
                    .nested
                    .push(super::look(file, frame.contents, depth + 1));
            } else {
                overview
                    .faults
                    .push("more is nested here than is looked into".to_owned());
                overview.faults.dedup();
            }
        }
    }
    overview.asks = found
        .into_iter()
        .map(|(what, imports)| Ask { what, imports })
        .collect();
    let offers = |start: &str| overview.exports.iter().any(|it| it.name.starts_with(start));
    overview.purpose = match () {
        () if offers("wasi:cli/run@") => Purpose::Command,
        () if offers("wasi:http/incoming-handler@") => Purpose::HttpHandler,
        () => Purpose::Component,
    };
    // What the modules in it need, it needs.
    let mut features: Vec<_> = overview
        .nested
        .iter()
        .flat_map(|it| it.features.clone())
        .collect();
    features.sort_unstable();
    features.dedup();
    overview.features = features;
    for maker in overview
        .nested
        .iter()
        .flat_map(|it| it.makers.clone())
        .collect::<Vec<_>>()
    {
        if !overview.makers.iter().any(|it| it.what == maker.what) && overview.makers.len() < 50 {
            overview.makers.push(maker);
        }
    }
    overview.makers.sort_by_key(|maker| maker.certainty);
}

/// More nested modules and components are not looked into.
const NESTED_MAX: usize = 1000;

fn imports(
    file: &[u8],
    frame: &Frame,
    found: &mut BTreeMap<Capability, Vec<String>>,
) -> Result<(), Fault> {
    for import in SectionLimited::<ComponentImport<'_>>::new(reader(file, frame.contents.clone()))?
    {
        let name = import?.name.name;
        let what = asks::of_interface(name);
        found.entry(what).or_default().push(name.to_owned());
    }
    Ok(())
}

fn exports(file: &[u8], frame: &Frame, overview: &mut Overview) -> Result<(), Fault> {
    for export in SectionLimited::<ComponentExport<'_>>::new(reader(file, frame.contents.clone()))?
    {
        let export = export?;
        overview.exports.push(Export {
            name: export.name.name.to_owned(),
            kind: export.kind.desc(),
            ty: String::new(),
        });
    }
    Ok(())
}

fn producers(file: &[u8], frame: &Frame, overview: &mut Overview) {
    let Some(data) = frame.custom_data(file) else {
        return;
    };
    let Ok(fields) = wasmparser::ProducersSectionReader::new(reader(file, data)) else {
        return;
    };
    for field in fields.into_iter().map_while(Result::ok) {
        for value in field.values.into_iter().map_while(Result::ok) {
            super::makers::state(overview, field.name, value.name, value.version);
        }
    }
}
