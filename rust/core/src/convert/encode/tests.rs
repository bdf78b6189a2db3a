use super::*;
use crate::data::{AggressorSide, AnyColumns, Decimals, TradeColumns, TradeRow};
use proptest::prelude::*;

/// A trade of the time `ts` (hours) and the id and price given.
#[derive(Debug, Clone, Copy)]
struct Given {
    ts: u64,
    id: u64,
    price: u64,
}

fn rows(given: &[Given], marked: bool) -> Rows {
    let mut trades = TradeColumns::default();
    for trade in given {
        let row = TradeRow {
            price: i128::from(trade.price),
            size: 1,
            aggressor_side: AggressorSide::Buyer,
            trade_id: "",
            ts_event: trade.ts,
            ts_init: time::FIRST + trade.ts * time::HOUR,
        };
        trades.push_numbered(&row, trade.id);
    }
    let (keys, costs) =
        if marked { given.iter().map(|t| (t.id, 10)).unzip() } else { (Vec::new(), Vec::new()) };
    Rows { columns: AnyColumns::Trade(trades), keys, costs }
}

#[derive(Clone, Copy)]
struct How {
    /// Rows of a batch, and threads that encode ahead.
    batch: usize,
    ahead: usize,
    cut: usize,
    budget: usize,
    group: usize,
    threads: usize,
    identity: Identity,
    conflicts: Conflicts,
}

fn encoded(sources: &[Vec<Given>], how: &How) -> Result<Encoded, ConvertError> {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = RowStore::new(dir.path(), how.budget);
    (store.row_group_rows, store.batch_rows) = (how.group, how.batch);
    if how.ahead > 0 {
        store.encode_ahead(Flavour::V1High, Partition::Day, how.ahead).expect("a folder");
    }
    let mut parts = Vec::new();
    for (source, given) in sources.iter().enumerate() {
        let number = store.open(DataType::Trade, how.identity, true);
        for part in given.chunks(how.cut) {
            let mut rows = rows(part, how.identity != Identity::Arrival);
            store.append(number, &mut rows, Decimals::default()).expect("memory");
        }
        parts.push(Part { number, source: source as u32, given: None });
    }
    let plan = StreamPlan {
        parts,
        identity: how.identity,
        data_type: DataType::Trade,
        id: "A.B".into(),
        instrument_id: "A.B".into(),
        precision: (2, 3),
        after: None,
        origin: String::new(),
    };
    let options = EncodeOptions {
        flavour: Flavour::V1High,
        partition: Partition::Day,
        threads: how.threads,
        conflicts: how.conflicts,
    };
    encode(store, &[plan], options, &|n| format!("file {n}"), &|_| true)
}

fn shown(encoded: &Encoded) -> Vec<(String, u64, u64, u64)> {
    encoded.files.iter().map(|f| (f.sha256.clone(), f.rows, f.start_ns, f.end_ns)).collect()
}

fn given() -> impl Strategy<Value = Given> {
    (0_u64..100, 0_u64..60).prop_map(|(ts, id)| Given { ts, id, price: ts })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Files depend on the rows alone: not on spills, nor on how they came.
    #[test]
    fn bytes_depend_on_rows_alone(
        trades in prop::collection::vec(given(), 1..200),
        cut in 1_usize..50,
        budget in prop_oneof![1_usize..5_000, Just(usize::MAX)],
        batch in 1_usize..40,
        ahead in 0_usize..3,
        sorted in any::<bool>(),
        threads in 1_usize..4,
    ) {
        let mut trades = trades;
        if sorted {
            trades.sort_by_key(|trade| trade.ts);
        }
        let (identity, conflicts) = (Identity::Arrival, Conflicts::Error);
        let whole = How { batch: usize::MAX, ahead: 0, cut: trades.len(), budget: usize::MAX, group: 16, threads: 1, identity, conflicts };
        let count = trades.len() as u64;
        let sources = [trades];
        let whole = shown(&encoded(&sources, &whole).expect("files"));
        let parts = How { batch, ahead, cut, budget, group: 16, threads, identity, conflicts };
        prop_assert_eq!(&whole, &shown(&encoded(&sources, &parts).expect("files")));
        prop_assert_eq!(whole.iter().map(|f| f.1).sum::<u64>(), count);
        prop_assert!(whole.windows(2).all(|w| w[0].3 < w[1].2));
    }

    /// A number is one row, however often and wherever it came; the rest is counted.
    #[test]
    fn repeats_are_one_row(
        pairs in prop::collection::btree_map(0_u64..60, 0_u64..100, 1..60),
        picks in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..60), 1..4),
        cut in 1_usize..50,
        (batch, ahead) in (1_usize..40, 0_usize..3),
        budget in prop_oneof![1_usize..3_000, Just(usize::MAX)],
        threads in 1_usize..4,
    ) {
        let trades: Vec<Given> = pairs.iter().map(|(id, ts)| Given { ts: *ts, id: *id, price: *ts }).collect();
        let mut sources = vec![trades.clone()];
        sources.extend(picks.iter().map(|picks| picks.iter().map(|pick| *pick.get(&trades)).collect()));
        let extra: u64 = picks.iter().map(|p| p.len() as u64).sum();
        let how = How { batch, ahead, cut, budget, group: 16, threads, identity: Identity::Sequence, conflicts: Conflicts::Error };
        let many = encoded(&sources, &how).expect("no conflict");
        let whole = How { batch: usize::MAX, ahead: 0, cut: 1_000, budget: usize::MAX, group: 16, threads: 1, identity: Identity::Sequence, conflicts: Conflicts::Error };
        let one = encoded(&[trades], &whole).expect("no conflict");
        prop_assert_eq!(shown(&many), shown(&one));
        prop_assert_eq!(&many.holes, &one.holes);
        prop_assert_eq!(many.dropped.values().map(|c| c.items).sum::<u64>(), extra);
        prop_assert!(many.dropped.keys().all(|(source, end)| *source > 0 && *end == End::Duplicate));
    }

    /// A number with two rows is an error that shows both, wherever they are.
    #[test]
    fn conflicts_show_both(
        count in 2_u64..80,
        other in 0_u64..100,
        pick in any::<prop::sample::Index>(),
        second in any::<bool>(),
        cut in 1_usize..50,
        (batch, ahead) in (1_usize..40, 0_usize..3),
        budget in prop_oneof![1_usize..3_000, Just(usize::MAX)],
    ) {
        let mut trades: Vec<Given> = (0..count).map(|id| Given { ts: id, id, price: 5 }).collect();
        let wrong = Given { ts: other, price: 6, ..*pick.get(&trades) };
        let sources = if second { vec![trades, vec![wrong]] } else { trades.push(wrong); vec![trades] };
        let how = How { batch, ahead, cut, budget, group: 16, threads: 2, identity: Identity::Sequence, conflicts: Conflicts::Error };
        let error = encoded(&sources, &how).expect_err("a conflict");
        prop_assert_eq!(error.code(), "conflict");
        let text = error.to_string();
        let id = format!("trade_id {}", wrong.id);
        prop_assert_eq!(text.matches(&id).count(), 2, "{}", text);
    }

    /// Where conflicts do not stop it, the first of a number stays, or all stay; nothing goes without being told.
    #[test]
    fn conflicts_are_left_out_or_kept(
        count in 2_u64..80,
        others in prop::collection::vec((0_u64..100, any::<prop::sample::Index>()), 1..6),
        second in any::<bool>(),
        cut in 1_usize..50,
        (batch, ahead) in (1_usize..40, 0_usize..3),
        budget in prop_oneof![1_usize..3_000, Just(usize::MAX)],
        threads in 1_usize..4,
    ) {
        let mut trades: Vec<Given> = (0..count).map(|id| Given { ts: id, id, price: 5 }).collect();
        let wrong: Vec<Given> = others
            .iter()
            .enumerate()
            .map(|(at, (ts, pick))| Given { ts: *ts, price: 6 + at as u64, ..*pick.get(&trades) })
            .collect();
        let whole = trades.clone();
        let all = trades.len() + wrong.len();
        let sources = if second {
            vec![trades, wrong]
        } else {
            trades.extend(wrong);
            vec![trades]
        };
        let identity = Identity::Sequence;
        let how = |conflicts| How { batch, ahead, cut, budget, group: 16, threads, identity, conflicts };
        let total = |encoded: &Encoded| encoded.files.iter().map(|f| f.rows).sum::<u64>();
        let first = encoded(&sources, &how(Conflicts::First)).expect("no conflict stops it");
        prop_assert_eq!(total(&first), count);
        prop_assert_eq!(first.differing.len(), others.len());
        prop_assert!(first.dropped.keys().all(|(_, end)| *end == End::Reject));
        prop_assert_eq!(first.dropped.values().map(|c| c.items).sum::<u64>(), others.len() as u64);
        let kept = encoded(&sources, &how(Conflicts::Keep)).expect("no conflict stops it");
        prop_assert_eq!((total(&kept), kept.differing.len()), (all as u64, others.len()));
        prop_assert!(kept.dropped.is_empty());
        if others.iter().all(|(ts, pick)| *ts >= pick.get(&whole).ts) {
            let plain = encoded(&[whole], &how(Conflicts::Error)).expect("no conflict");
            prop_assert_eq!(shown(&plain), shown(&first));
        }
    }
}

#[test]
fn texts_are_one_row_and_keep_their_order() {
    let trade = |ts, id, price| Given { ts, id, price };
    let first = vec![trade(1, 9, 1), trade(1, 3, 2), trade(1, 9, 1), trade(2, 9, 4)];
    let how = How {
        batch: 8,
        ahead: 1,
        cut: 10,
        budget: usize::MAX,
        group: 16,
        threads: 1,
        identity: Identity::Text,
        conflicts: Conflicts::Error,
    };
    let once = encoded(std::slice::from_ref(&first), &how).expect("files");
    assert_eq!(once.files.iter().map(|f| f.rows).sum::<u64>(), 3);
    let twice = encoded(&[first.clone(), first], &how).expect("files");
    assert_eq!(shown(&once), shown(&twice));
    assert_eq!(twice.dropped[&(1, End::Duplicate)], RowCounts { frames: 4, bytes: 40, items: 4 });
    assert_eq!(
        encoded(&[vec![trade(1, 9, 1), trade(1, 9, 2)]], &how).err().map(|e| e.code()),
        Some("conflict")
    );
    let differ = [vec![trade(1, 9, 1), trade(1, 9, 2)]];
    let first = encoded(&differ, &How { conflicts: Conflicts::First, ..how }).expect("files");
    assert_eq!((first.files[0].rows, first.differing.len()), (1, 1));
    assert_eq!(first.dropped[&(0, End::Reject)], RowCounts { frames: 1, bytes: 10, items: 1 });
    let kept = encoded(&differ, &How { conflicts: Conflicts::Keep, ..how }).expect("files");
    assert_eq!((kept.files[0].rows, kept.differing.len()), (2, 1));
}
