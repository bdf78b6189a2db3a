use super::*;
use proptest::prelude::*;

fn map() -> ColumnMap {
    std::array::from_fn(|at| at as u8)
}

/// Every row of a block, field by field.
fn split(block: &[u8], fields: usize, padding: usize) -> Vec<Result<Vec<Vec<u8>>, FaultKind>> {
    let mut bytes = block.to_vec();
    bytes.resize(block.len() + padding, 0);
    let (mut splitter, map, mut rows, mut at) = (Splitter::default(), map(), Vec::new(), 0);
    while at < block.len() {
        let line = splitter.next(&bytes, at, block.len());
        let row = splitter.row(&bytes, at, line, fields, &map);
        rows.push(row.map(|row| (0..fields).map(|f| row.bytes(f).to_vec()).collect()).map_err(|f| f.kind));
        at = line.next;
    }
    rows
}

/// The same, slowly: what the csv format says, byte by byte.
fn obvious(block: &[u8], fields: usize) -> Vec<Result<Vec<Vec<u8>>, FaultKind>> {
    let lines = block.strip_suffix(b"\n").unwrap_or(block);
    let row = |line: &[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (mut found, mut field, mut at, mut quoted) = (Vec::new(), Vec::new(), 0, false);
        let mut start = true;
        while at < line.len() {
            match line[at] {
                b'"' if quoted && line.get(at + 1) == Some(&b'"') => {
                    field.push(b'"');
                    at += 1;
                }
                b'"' if quoted => {
                    quoted = false;
                    if !matches!(line.get(at + 1), None | Some(b',')) {
                        return Err(FaultKind::Quotes);
                    }
                }
                b'"' if start => quoted = true,
                b',' if !quoted => {
                    found.push(std::mem::take(&mut field));
                    start = true;
                    at += 1;
                    continue;
                }
                byte => field.push(byte),
            }
            start = false;
            at += 1;
        }
        found.push(field);
        if quoted {
            Err(FaultKind::Quotes)
        } else if found.len() != fields {
            Err(FaultKind::Fields)
        } else {
            Ok(found)
        }
    };
    lines.split(|b| *b == b'\n').map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn splits_as_the_obvious_reader_does(
        text in "([0-9a.,]{0,40}|\"[a,]{0,5}(\"\")?\"|,){0,6}(\r?\n([0-9a.,]{0,40}|\"[a,]{0,5}\"|,){0,6}){0,4}\n?",
        fields in 1_usize..6,
        padding in prop::sample::select(vec![0, PADDING]),
    ) {
        prop_assume!(!text.is_empty());
        let block = text.as_bytes();
        for (mine, want) in split(block, fields, padding).into_iter().zip(obvious(block, fields)) {
            match (&mine, &want) {
                // Both refuse; which of two faults is told first is no matter.
                (Err(_), Err(_)) => {}
                _ => prop_assert_eq!(mine, want),
            }
        }
        prop_assert_eq!(split(block, fields, padding).len(), obvious(block, fields).len());
    }

    #[test]
    fn reads_numbers_where_they_lie(
        number in "[0-9]{0,22}|[0-9]{1,9}\\.[0-9]{0,10}|-?[0-9.eE+]{0,12}",
        before in "[0-9,.]{0,20}",
        after in "[0-9,.]{0,30}",
        padding in prop::sample::select(vec![0, PADDING]),
    ) {
        let text = format!("{before},{number},{after}");
        let mut bytes = text.clone().into_bytes();
        bytes.resize(text.len() + padding, 0);
        let (mut splitter, map) = (Splitter::default(), map());
        let line = splitter.next(&bytes, 0, text.len());
        let column = before.matches(',').count() + 1;
        let fields = text.matches(',').count() + 1;
        let row = splitter.row(&bytes, 0, line, fields, &map).map_err(|f| f.kind).expect("a row");
        prop_assert_eq!(row.bytes(column), number.as_bytes());
        prop_assert_eq!(row.integer(column).ok(), number.parse().ok().filter(|_| !number.starts_with('+')));
        let want = decimal::parse(number.as_bytes());
        match row.decimal(column) {
            Ok(got) => prop_assert_eq!(Ok(got), want),
            Err(Fault { kind: FaultKind::Decimal(error), .. }) => prop_assert_eq!(Err(error), want),
            Err(fault) => prop_assert!(number.is_empty(), "{:?}", fault),
        }
    }
}

#[test]
fn more_fields_than_are_told_apart() {
    let text = ",".repeat(1_000);
    assert_eq!(split(text.as_bytes(), 5, PADDING), [Err(FaultKind::Fields)]);
}
