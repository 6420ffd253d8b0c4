//! Loops that look for a byte.

use super::check;
use expect_test::expect;

#[test]
fn the_length_of_a_string_is_found_by_vectors() {
    let before = "\
func (i32) -> (i32) {
b0(v0: i32):
    jump b1(i32:0)
b1(v1: i32):
    v2: i32 = i32.add v0, v1
    v3: i32 = i32.add v1, i32:1
    v4: i32 = i32.load8_u v2 @3ef8
    branch v4, b1(v3), b2
b2:
    return v1
}
";
    check(
        before,
        &["search"],
        expect![[r#"
        func (i32) -> (i32) {
        b0(v0: i32):
            jump b1(i32:0)
        b1(v1: i32):
            v2: i32 = i32.add v0, v1 @3ef8
            v3: i32 = i32.and v2, i32:-32 @3ef8
            v4: v128 = v128.load v3 @3ef8
            v5: v128 = i8x16.eq v4, v128:0x0 @3ef8
            v6: v128 = v128.load offset=16 v3 @3ef8
            v7: v128 = i8x16.eq v6, v128:0x0 @3ef8
            v8: i32 = i8x16.bitmask v5 @3ef8
            v9: i32 = i8x16.bitmask v7 @3ef8
            v10: i32 = i32.shl v9, i32:16 @3ef8
            v11: i32 = i32.or v8, v10 @3ef8
            v12: i32 = i32.and v2, i32:31 @3ef8
            v13: i32 = i32.shr_u v11, v12 @3ef8
            v14: i32 = i32.ctz v13 @3ef8
            v15: i32 = i32.add v3, i32:32 @3ef8
            branch v13, b4(v14), b2(v15) @3ef8
        b2(v16: i32):
            v17: v128 = v128.load v16 @3ef8
            v18: v128 = i8x16.eq v17, v128:0x0 @3ef8
            v19: v128 = v128.load offset=16 v16 @3ef8
            v20: v128 = i8x16.eq v19, v128:0x0 @3ef8
            v21: v128 = v128.or v18, v20 @3ef8
            v22: i32 = v128.any_true v21 @3ef8
            v23: i32 = i32.add v16, i32:32 @3ef8
            branch v22, b3, b2(v23) @3ef8
        b3:
            v24: i32 = i8x16.bitmask v18 @3ef8
            v25: i32 = i8x16.bitmask v20 @3ef8
            v26: i32 = i32.shl v25, i32:16 @3ef8
            v27: i32 = i32.or v24, v26 @3ef8
            v28: i32 = i32.ctz v27 @3ef8
            v29: i32 = i32.add v16, v28 @3ef8
            v30: i32 = i32.sub v29, v2 @3ef8
            jump b4(v30) @3ef8
        b4(v31: i32):
            v32: i32 = i32.add v1, v31 @3ef8
            jump b5(v32) @3ef8
        b5(v33: i32):
            v34: i32 = i32.add v0, v33
            v35: i32 = i32.add v33, i32:1
            v36: i32 = i32.load8_u v34 @3ef8
            branch v36, b5(v35), b6
        b6:
            return v33
        }
    "#]],
    );
}

/// A loop with these instructions stays as it is.
fn stays(insts: &str) {
    let before = format!(
        "\
func (i32, i32) -> (i32) {{
b0(v0: i32, v1: i32):
    jump b1(v0)
b1(v2: i32):
{insts}b2:
    return v2
}}
"
    );
    let after = super::rewritten(&before, &super::header(), &["search"]);
    assert_eq!(after, before);
}

#[test]
fn other_loops_stay() {
    // Two bytes a round.
    stays(
        "    v3: i32 = i32.add v2, i32:2
    v4: i32 = i32.load8_u v2
    branch v4, b1(v3), b2
",
    );
    // What was seen is noted.
    stays(
        "    v3: i32 = i32.add v2, i32:1
    v4: i32 = i32.load8_u v2
    i32.store8 v1, v4
    branch v4, b1(v3), b2
",
    );
    // The place of the 32 bytes is not aligned with the address.
    stays(
        "    v3: i32 = i32.add v2, i32:1
    v4: i32 = i32.load8_u offset=8 v2
    branch v4, b1(v3), b2
",
    );
    // No byte is 256.
    stays(
        "    v3: i32 = i32.add v2, i32:1
    v4: i32 = i32.load8_u v2
    v5: i32 = i32.ne v4, i32:256
    branch v5, b1(v3), b2
",
    );
    // It ends for another reason.
    stays(
        "    v3: i32 = i32.add v2, i32:1
    v4: i32 = i32.load8_u v2
    v5: i32 = i32.ne v3, v1
    branch v5, b1(v3), b2
",
    );
}
