//! Changes to text that is made of fields (JSON, TOML, CSV). libFuzzer changes bytes, and seldom leaves such text whole:
//! that a field is missing, there twice, or of another type would take it hours to find.

use trainer::random::Random;

/// What a value may be, and seldom should be.
const VALUES: [&str; 12] = [
    "null",
    "true",
    "0",
    "-1",
    "0.5",
    "1e999",
    "18446744073709551615",
    "\"a\"",
    "[]",
    "[1]",
    "{}",
    "{\"a\":1}",
];

/// Takes a field out, says one twice, exchanges two, gives one another value, or leaves out the names of some.
pub(crate) fn change(text: &[u8], random: &mut Random) -> Vec<u8> {
    let ends = |byte: &u8| b",\n{}[]".contains(byte);
    let mut fields: Vec<Vec<u8>> = text.split_inclusive(ends).map(<[u8]>::to_vec).collect();
    if fields.is_empty() {
        return Vec::new();
    }
    let mut below = |length: usize| random.below(length as u64) as usize;
    let (one, two) = (below(fields.len()), below(fields.len()));
    match below(5) {
        0 => drop(fields.remove(one)),
        1 => fields.insert(two, fields[one].clone()),
        2 => fields.swap(one, two),
        3 => leave_names_out(&mut fields[one..]),
        _ => {
            let field = &mut fields[one];
            let first = field.iter().position(|byte| b":=".contains(byte));
            let first = first.map_or(0, |before| before + 1);
            let last = field.len() - usize::from(field.last().is_some_and(ends));
            if first <= last {
                let value = VALUES[below(VALUES.len())];
                field.splice(first..last, value.bytes());
            }
        }
    }
    fields.concat()
}

/// Makes a list of the first object that begins among `fields`, as serde reads a struct, too.
fn leave_names_out(fields: &mut [Vec<u8>]) {
    let mut depth = 0;
    for field in fields {
        if depth == 1
            && let Some(colon) = field.iter().position(|byte| *byte == b':')
        {
            field.drain(..=colon);
        }
        match field.last_mut() {
            Some(end @ b'{') => {
                if depth == 0 {
                    *end = b'[';
                }
                depth += 1;
            }
            Some(end @ b'}') if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    *end = b']';
                    return;
                }
            }
            _ => {}
        }
    }
}
