//! What this machine's processor can do, in Cranelift's words.
//!
//! Apart because it is the one thing here that depends on where the compiler runs.

/// The features that the processor has: Cranelift's name, and whether every processor that we run on has it.
#[cfg(target_arch = "x86_64")]
pub(crate) fn host_features() -> Vec<(&'static str, bool)> {
    let mut found = Vec::new();
    macro_rules! features {
        ($($detected:tt $name:literal $common:literal,)*) => {$(
            if std::arch::is_x86_feature_detected!($detected) {
                found.push(($name, $common));
            }
        )*};
    }
    features! {
        "sse3" "has_sse3" true,
        "ssse3" "has_ssse3" true,
        "sse4.1" "has_sse41" true,
        "sse4.2" "has_sse42" true,
        "cmpxchg16b" "has_cmpxchg16b" true,
        "popcnt" "has_popcnt" true,
        "avx" "has_avx" false,
        "avx2" "has_avx2" false,
        "fma" "has_fma" false,
        "bmi1" "has_bmi1" false,
        "bmi2" "has_bmi2" false,
        "lzcnt" "has_lzcnt" false,
        "avx512bitalg" "has_avx512bitalg" false,
        "avx512dq" "has_avx512dq" false,
        "avx512f" "has_avx512f" false,
        "avx512vl" "has_avx512vl" false,
        "avx512vbmi" "has_avx512vbmi" false,
    }
    found
}

/// The features of a machine that we generate no code for.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn host_features() -> Vec<(&'static str, bool)> {
    Vec::new()
}

/// A feature that vectors need and that is not among those found.
pub(crate) fn missing_common(found: &[(&'static str, bool)]) -> Option<&'static str> {
    let has = |name: &str| found.iter().any(|&(feature, _)| feature == name);
    [
        ("has_ssse3", "SSSE3"),
        ("has_sse41", "SSE4.1"),
        ("has_sse42", "SSE4.2"),
    ]
    .into_iter()
    .find_map(|(name, spoken)| (!has(name)).then_some(spoken))
}
