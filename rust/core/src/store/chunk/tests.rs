//! What is written is read back by parquet-rs's own reader.

use std::sync::Arc;

use ::parquet::arrow::ArrowSchemaConverter;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::serialized_reader::ReadOptionsBuilder;
use ::parquet::file::writer::SerializedFileWriter;
use arrow_array::cast::AsArray;
use arrow_array::types::Int8Type;
use arrow_array::{
    Array, ArrayRef, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, Int8Array, Int64Array,
    RecordBatch, StringArray, TimestampNanosecondArray, UInt8Array, UInt32Array, UInt64Array,
};
use arrow_schema::{Field, Schema};
use proptest::prelude::*;

use super::*;
use crate::data::{ColumnRef, TextColumn};

fn schema(columns: &[ArrayRef]) -> Arc<Schema> {
    let fields = columns.iter().enumerate();
    let name = |at: usize| if at == 0 { "ts_init".to_owned() } else { format!("column {at}") };
    Arc::new(Schema::new(
        fields.map(|(at, array)| Field::new(name(at), array.data_type().clone(), false)).collect::<Vec<_>>(),
    ))
}

/// A file of row groups; the first column is ordered.
fn file(groups: &[Vec<ArrayRef>]) -> Bytes {
    let descr = ArrowSchemaConverter::new().convert(&schema(&groups[0])).expect("a schema");
    let mut out = Vec::new();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer =
        SerializedFileWriter::new(&mut out, descr.root_schema_ptr(), properties).expect("a file");
    let mut encoder = Encoder::default();
    for columns in groups {
        let mut group = writer.next_row_group().expect("a group");
        for (at, array) in columns.iter().enumerate() {
            assert!(takes(array.data_type()), "{}", array.data_type());
            let values = Values::of_array(array).expect("a hot kind");
            let chunk = encoder.encode(&values, &descr.column(at), at == 0).expect("a chunk");
            chunk.append(&mut group).expect("a column");
        }
        group.close().expect("a group");
    }
    writer.close().expect("a footer");
    out.into()
}

/// The groups of a file. Dictionaries are read as what they stand for.
fn read(bytes: &Bytes) -> Vec<RecordBatch> {
    let metadata = SerializedFileReader::new(bytes.clone()).expect("a file").metadata().clone();
    (0..metadata.num_row_groups())
        .map(|group| {
            let rows = metadata.row_group(group).num_rows() as usize;
            let builder = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).expect("a file");
            let reader = builder.with_row_groups(vec![group]).with_batch_size(rows.max(1)).build();
            let batches: Vec<_> =
                reader.expect("a reader").collect::<Result<_, _>>().expect("pages as their headers say");
            assert_eq!(batches.len(), 1);
            batches[0].clone()
        })
        .collect()
}

fn check(groups: &[Vec<ArrayRef>]) {
    for (columns, batch) in groups.iter().zip(read(&file(groups))) {
        for (array, found) in columns.iter().zip(batch.columns()) {
            match array.as_any().downcast_ref::<DictionaryArray<Int8Type>>() {
                Some(names) => {
                    let names = names.downcast_dict::<StringArray>().expect("text");
                    let found = found.as_string::<i32>();
                    assert!((0..names.len()).all(|row| {
                        let key = names.keys().value(row) as usize;
                        names.values().value(key) == found.value(row)
                    }));
                    assert_eq!(names.len(), found.len());
                }
                None => assert_eq!(array, found),
            }
        }
    }
}

fn raws(values: &[i128]) -> ArrayRef {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    Arc::new(FixedSizeBinaryArray::try_new(16, bytes.into(), None).expect("sixteen bytes each"))
}

fn narrow(values: &[i64]) -> ArrayRef {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    Arc::new(FixedSizeBinaryArray::try_new(8, bytes.into(), None).expect("eight bytes each"))
}

fn decimals(values: &[i128]) -> ArrayRef {
    let array = Decimal128Array::from(values.iter().map(|v| v % 10_i128.pow(38)).collect::<Vec<_>>());
    Arc::new(array.with_precision_and_scale(38, 16).expect("a scale"))
}

/// Columns of every kind, from the same rows.
fn columns(values: &[i128], longs: &[u64], codes: &[u8], texts: &[String]) -> Vec<ArrayRef> {
    let mut sorted = longs.to_vec();
    sorted.sort_unstable();
    let names: Vec<String> = (0..128).map(|code| format!("name {code}")).collect();
    let keys = Int8Array::from_iter_values(codes.iter().map(|code| (code & 0x7f) as i8));
    vec![
        Arc::new(UInt64Array::from(sorted)),
        raws(values),
        narrow(&values.iter().map(|v| *v as i64).collect::<Vec<_>>()),
        decimals(values),
        Arc::new(UInt64Array::from(longs.to_vec())),
        Arc::new(Int64Array::from(longs.iter().map(|v| *v as i64).collect::<Vec<_>>())),
        Arc::new(TimestampNanosecondArray::from(longs.iter().map(|v| *v as i64).collect::<Vec<_>>())),
        Arc::new(UInt32Array::from(longs.iter().map(|v| *v as u32).collect::<Vec<_>>())),
        Arc::new(UInt8Array::from(codes.to_vec())),
        Arc::new(DictionaryArray::try_new(keys, Arc::new(StringArray::from(names))).expect("keys in range")),
        Arc::new(StringArray::from(texts.to_vec())),
    ]
}

/// Rows of little and of much variety, alone and in runs.
fn rows() -> impl Strategy<Value = (i128, u64, u8, String)> {
    (
        prop_oneof![Just(0), -3..3_i128, (0..50_i128).prop_map(|v| v * 10_i128.pow(14)), any::<i128>()],
        prop_oneof![
            Just(7),
            0..100_u64,
            1_700_000_000_000_000_000..1_700_000_001_000_000_000_u64,
            any::<u64>()
        ],
        prop_oneof![Just(1), 0..4_u8, any::<u8>()],
        prop_oneof![Just(String::new()), "[0-9]{1,20}", "[a-c]{0,3}", "\\PC{0,12}"],
    )
}

fn runs() -> impl Strategy<Value = Vec<(i128, u64, u8, String)>> {
    prop::collection::vec((rows(), prop_oneof![3 => Just(1_usize), 1 => 1..600_usize]), 0..40)
        .prop_map(|runs| runs.into_iter().flat_map(|(row, times)| std::iter::repeat_n(row, times)).collect())
}

fn columns_of(rows: &[(i128, u64, u8, String)]) -> Vec<ArrayRef> {
    let values: Vec<i128> = rows.iter().map(|row| row.0).collect();
    let longs: Vec<u64> = rows.iter().map(|row| row.1).collect();
    let codes: Vec<u8> = rows.iter().map(|row| row.2).collect();
    let texts: Vec<String> = rows.iter().map(|row| row.3.clone()).collect();
    columns(&values, &longs, &codes, &texts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn columns_are_read_as_they_were(groups in prop::collection::vec(runs(), 1..3)) {
        let groups: Vec<Vec<ArrayRef>> = groups.iter().filter(|g| !g.is_empty()).map(|g| columns_of(g)).collect();
        prop_assume!(!groups.is_empty());
        check(&groups);
    }

    #[test]
    fn pieces_are_the_column(rows in runs(), cuts in prop::collection::vec(any::<usize>(), 0..6)) {
        prop_assume!(!rows.is_empty());
        check_pieces(&rows, &cuts);
    }
}

#[test]
fn pages_and_widths_have_no_edge() {
    for rows in
        [1, 7, 8, 9, 63, 64, 65, 255, 256, 257, 504, 505, PAGE_ROWS - 1, PAGE_ROWS, PAGE_ROWS + 1, 40_000]
    {
        let value = |row: usize, width: u32| {
            let mixed = (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ row as u64;
            if width == 0 { 0 } else { mixed >> (64 - width) }
        };
        for width in [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64] {
            let of = |row: usize| {
                let value = value(row, width);
                (i128::from(value), value, value as u8, value.to_string())
            };
            check(&[columns_of(&(0..rows).map(of).collect::<Vec<_>>())]);
        }
    }
}

/// Cut anywhere, the pieces of a column give the chunk that its array gives.
fn check_pieces(rows: &[(i128, u64, u8, String)], cuts: &[usize]) {
    let arrays = columns_of(rows);
    let descr = ArrowSchemaConverter::new().convert(&schema(&arrays)).expect("a schema");
    let names: Vec<String> = (0..128).map(|code| format!("name {code}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let values: Vec<i128> = rows.iter().map(|row| row.0).collect();
    let scaled: Vec<i128> = values.iter().map(|value| i128::from(*value as i64) * 10_i128.pow(7)).collect();
    let decimals: Vec<i128> = values.iter().map(|value| value % 10_i128.pow(38)).collect();
    let longs: Vec<u64> = rows.iter().map(|row| row.1).collect();
    let mut sorted = longs.clone();
    sorted.sort_unstable();
    let counts: Vec<u32> = longs.iter().map(|value| *value as u32).collect();
    let codes: Vec<u8> = rows.iter().map(|row| row.2).collect();
    let named: Vec<u8> = codes.iter().map(|code| code & 0x7f).collect();
    let mut texts = TextColumn::default();
    rows.iter().for_each(|row| texts.push(&row.3));
    let columns = [
        ColumnRef::U64(&sorted),
        ColumnRef::I128(&values),
        ColumnRef::I128(&scaled),
        ColumnRef::I128(&decimals),
        ColumnRef::U64(&longs),
        ColumnRef::U64(&longs),
        ColumnRef::U64(&longs),
        ColumnRef::U32(&counts),
        ColumnRef::U8(&codes),
        ColumnRef::U8(&named),
        ColumnRef::Text(&texts),
    ];
    let mut edges: Vec<usize> = cuts.iter().map(|cut| cut % (rows.len() + 1)).collect();
    edges.extend([0, rows.len()]);
    edges.sort_unstable();
    let mut encoder = Encoder::default();
    for (at, (column, array)) in columns.iter().zip(&arrays).enumerate() {
        let field = match array.data_type() {
            Arrow::Int64 => &Arrow::UInt64,
            other => other,
        };
        let pieces: Vec<_> = edges.windows(2).map(|edge| (*column, edge[0]..edge[1])).collect();
        let pieces = Values::of_columns(&pieces, field, &names).expect("columns of the fields' kinds");
        let whole = Values::of_array(array).expect("a hot kind");
        let [pieces, whole] = [pieces, whole]
            .map(|values| encoder.encode(&values, &descr.column(at), at == 0).expect("a chunk").bytes);
        assert!(pieces == whole, "{field} cut at {edges:?}");
    }
}

#[test]
fn what_does_not_fit_is_told_by_its_row() {
    let (one, two) = ([10_i128.pow(7), 0], [5, 1]);
    let pieces = [(ColumnRef::I128(&one), 0..2), (ColumnRef::I128(&two), 1..2)];
    let error = Values::of_columns(&pieces, &Arrow::FixedSizeBinary(8), &[]).expect_err("ten decimals");
    assert!(matches!(error, ValuesError::Narrow(2, 1)), "{error:?}");
    let error = Values::of_columns(&pieces, &Arrow::UInt64, &[]).expect_err("prices are no times");
    assert!(matches!(error, ValuesError::Kind), "{error:?}");
}

/// Dictionaries that grow, that are just small enough, and that are given up.
#[test]
fn dictionaries_of_any_size() {
    for (rows, different) in [(40_000, 19_999), (40_000, 20_000), (40_000, 20_001), (3, 1), (3, 2), (1, 1)] {
        let values: Vec<i128> = (0..rows).map(|row| i128::from(row % different) << 77).collect();
        let times: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..rows as u64));
        check(&[vec![times, raws(&values), decimals(&values)]]);
    }
}

#[test]
fn slices_are_their_rows_alone() {
    let rows: Vec<_> =
        (0..100).map(|row| (i128::from(row), row as u64, row as u8, row.to_string())).collect();
    let sliced: Vec<ArrayRef> = columns_of(&rows).iter().map(|array| array.slice(13, 50)).collect();
    check(&[sliced]);
}

#[test]
fn range_reads_can_skip_pages() {
    let rows = 3 * PAGE_ROWS + 5;
    let times: ArrayRef = Arc::new(UInt64Array::from_iter_values((0..rows as u64).map(|row| 1 << 63 | row)));
    let bytes = file(&[vec![times.clone(), times]]);
    let options = ReadOptionsBuilder::new().with_page_index().build();
    let reader = SerializedFileReader::new_with_options(bytes, options).expect("a file");
    let chunk = reader.metadata().row_group(0).column(0);
    let Some(Statistics::Int64(statistics)) = chunk.statistics() else { panic!("{:?}", chunk.statistics()) };
    let last = (1 << 63 | (rows as u64 - 1)) as i64;
    assert_eq!((statistics.min_opt(), statistics.max_opt()), (Some(&i64::MIN), Some(&last)));
    let index = &reader.metadata().column_index().expect("an index")[0];
    let ColumnIndexMetaData::INT64(first) = &index[0] else { panic!("{index:?}") };
    let starts: Vec<i64> = first.min_values_iter().map(|v| *v.expect("a value")).collect();
    assert_eq!(starts, (0..4).map(|page| i64::MIN + page * PAGE_ROWS as i64).collect::<Vec<_>>());
    assert!(matches!(index[1], ColumnIndexMetaData::NONE), "only the ordered column has one");
    let places = &reader.metadata().offset_index().expect("an index")[0][1].page_locations;
    assert_eq!(places.iter().map(|p| p.first_row_index).collect::<Vec<_>>(), [0, 16_384, 32_768, 49_152]);
}

/// Sizes of a column, and whether it is written by a dictionary.
fn coded(count: usize, size: impl Fn(u64) -> u64) -> bool {
    // Multiples of a tenth, in an order without a pattern.
    let mixed = |row: usize| (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let values: Vec<i128> =
        (0..count).map(|row| i128::from(size(mixed(row))) * 1_000_000_000_000_000).collect();
    let rising: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..count as u64));
    let groups = [vec![rising, raws(&values)]];
    check(&groups);
    let metadata = SerializedFileReader::new(file(&groups)).expect("a file").metadata().clone();
    metadata.row_group(0).column(1).dictionary_page_offset().is_some()
}

#[test]
fn a_dictionary_where_values_come_again() {
    assert!(coded(8 * PAGE_ROWS, |mixed| mixed % 90_000));
    assert!(!coded(8 * PAGE_ROWS, |mixed| mixed % 90_000_000));
    // Three of four are new, to the end: known after two pages.
    assert!(!coded(8 * PAGE_ROWS, |mixed| if mixed % 4 == 0 { 0 } else { mixed % 90_000_000 }));
    assert!(coded(3 * PAGE_ROWS, |mixed| mixed % 9_000));
}

#[test]
fn a_dictionary_is_given_up_early() {
    let steady: Vec<u128> =
        (0..8 * PAGE_ROWS as u128).map(|row| if row % 4 == 0 { 0 } else { row }).collect();
    let mut dictionary = Dictionary::default();
    assert!(!dictionary.fill(&Slices::owned(steady), usize::MAX));
    assert_eq!(dictionary.indices.len(), 2 * PAGE_ROWS);
    let fading: Vec<u128> = (0..8 * PAGE_ROWS as u128).map(|row| row % 30_000).collect();
    assert!(dictionary.fill(&Slices::owned(fading), usize::MAX));
    assert_eq!(dictionary.values.len(), 30_000);
}

#[test]
fn numbers_of_many_pages_whose_dictionary_may_be_given_up() {
    let rows = 4 * PAGE_ROWS + 3;
    let page = PAGE_ROWS as i128;
    let columns: [&dyn Fn(i128) -> i128; 7] = [
        &|row| row * 100,
        // New values in the first two pages alone, and in all but these.
        &|row| if row < 2 * page { row } else { 7 },
        &|row| if row < 2 * page { 7 } else { row },
        // About as many new values in a page as tell that there will be more: five in eight.
        &|row| row - row % 8 + (row % 8).min(4),
        &|row| row - row % 8 + (row % 8).min(5),
        // Fewer in the second page than in the first.
        &|row| if row < page { row } else { row - row % 2 },
        &|row| row % 3,
    ];
    let times: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..rows as u64));
    for value in columns {
        let values: Vec<i128> = (0..rows as i128).map(value).collect();
        check(&[vec![times.clone(), raws(&values), decimals(&values)]]);
    }
}
