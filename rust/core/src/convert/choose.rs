//! Which streams the catalog keeps, and their labels.
//!
//! In: the streams of a recording, or of the dumps of one venue. Out: a plan per stream kept. One kind of trades
//! and one channel of books per instrument; precision is a label of (catalog, type, instrument).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ConvertError;
use super::encode::{Part, StreamPlan};
use super::options::ConvertReport;
use super::recording::Settings;
use crate::data::{DataType, Decimals, Identity};
use crate::feed::StreamKey;
use crate::instrument::Definition;
use crate::store::{Bindings, Catalog, Mode};

/// A stream that may be kept.
#[derive(Debug)]
pub(super) struct Candidate {
    pub key: StreamKey,
    pub instrument_id: Arc<str>,
    pub rows: u64,
    pub decimals: Decimals,
    pub identity: Identity,
    pub parts: Vec<Part>,
    /// Its number where it comes from.
    pub stream: usize,
    /// Where it comes from, for messages.
    pub origin: String,
}

/// What was chosen.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub plans: Vec<StreamPlan>,
    /// Numbers of the streams that are not kept.
    pub dropped: Vec<usize>,
}

/// Where a stream stands among those of the same type and id: the least is the one that the catalog keeps, of equals
/// the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// The catalog does not keep it so far, or it is derived.
    second: bool,
    rank: u32,
    channel: String,
}

impl Place {
    fn of(key: &StreamKey, bound: Option<&Bindings>, rank: fn(&str) -> u32) -> Self {
        let variant = &*key.variant;
        let isnt_held = |held: Option<&String>| held.map(String::as_str) != Some(variant);
        match key.data_type {
            DataType::Trade => Self {
                second: isnt_held(bound.and_then(|b| b.trades.as_ref())),
                rank: u32::from(variant != "raw"),
                channel: String::new(),
            },
            DataType::Delta => Self {
                second: isnt_held(bound.and_then(|b| b.book.as_ref())),
                rank: rank(variant),
                channel: variant.to_owned(),
            },
            // What the venue sends itself comes before what is derived.
            DataType::Depth10 | DataType::Quote => {
                let (derived, channel) = key.channel();
                Self { second: derived, rank: rank(channel), channel: channel.to_owned() }
            }
            _ => Self::default(),
        }
    }
}

/// What is known of the choice while rows come: a stream beside which a better one has rows will not be kept.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    best: HashMap<(DataType, Arc<str>), Place>,
    /// By number of the stream, once it has rows.
    places: Vec<Option<Place>>,
}

impl Outlook {
    /// Whether a stream that has rows may still be kept, `bound` being what the catalog keeps of its instrument.
    pub fn is_open(
        &mut self,
        stream: usize,
        key: &StreamKey,
        bound: Option<&Bindings>,
        rank: fn(&str) -> u32,
    ) -> bool {
        if self.places.len() <= stream {
            self.places.resize(stream + 1, None);
        }
        let place = self.places[stream].get_or_insert_with(|| Place::of(key, bound, rank));
        let best = self.best.entry((key.data_type, key.id.clone())).or_insert_with(|| place.clone());
        if *place < *best {
            best.clone_from(place);
        }
        *place <= *best
    }
}

/// What a choice depends on.
pub(super) struct Chooser<'a> {
    /// Of the feed or the dumps, for notes.
    pub name: &'a str,
    /// Channels of books from best to worst.
    pub rank: fn(&str) -> u32,
    pub definitions: &'a [Definition],
    pub catalog: &'a Catalog,
    pub settings: &'a Settings<'a>,
}

/// Whether values of a type are an instrument's prices and sizes.
const fn is_traded(data_type: DataType) -> bool {
    matches!(
        data_type,
        DataType::Trade | DataType::Quote | DataType::Delta | DataType::Depth10 | DataType::Bar
    )
}

impl Chooser<'_> {
    /// Chooses, per instrument, the kind of trades and the channel of the book that the catalog keeps, and the
    /// precision of every stream.
    pub fn choose(
        &self,
        candidates: &[Candidate],
        bindings: &mut BTreeMap<String, Bindings>,
        report: &mut ConvertReport,
    ) -> Result<Choice, ConvertError> {
        // Variants of one (type, id), best first.
        let mut groups: BTreeMap<(DataType, &str), Vec<&Candidate>> = BTreeMap::new();
        for candidate in candidates.iter().filter(|c| c.rows > 0) {
            groups.entry((candidate.key.data_type, &candidate.key.id)).or_default().push(candidate);
        }
        let mut choice = Choice::default();
        let mut chosen: Vec<&Candidate> = Vec::new();
        for ((data_type, _), mut variants) in groups {
            let instrument = variants[0].instrument_id.to_string();
            let bound = self.catalog.state().bindings.get(&instrument);
            let mut kept = true;
            variants.sort_by_cached_key(|c| Place::of(&c.key, bound, self.rank));
            if data_type == DataType::Trade
                && let Some(held) = bound.and_then(|b| b.trades.as_deref())
                && self.settings.options.trades.is_none()
                && held != &*variants[0].key.variant
            {
                report
                    .notes
                    .push(format!("{instrument}: the catalog keeps {held} trades and there are none here"));
                kept = false;
            }
            let best = kept.then(|| variants.remove(0));
            for other in variants {
                choice.dropped.push(other.stream);
                report.notes.push(format!(
                    "{} {}: {} was kept, {} is unselected ({} rows)",
                    other.key.id,
                    other.key.data_type,
                    best.map_or("nothing", |c| &c.key.variant),
                    other.key.variant,
                    other.rows
                ));
            }
            let Some(best) = best else { continue };
            chosen.push(best);
            let binding = bindings.entry(instrument).or_default();
            let variant = || Some(best.key.variant.to_string());
            match data_type {
                DataType::Trade => binding.trades = variant(),
                DataType::Delta => binding.book = variant(),
                _ => {}
            }
        }
        bindings.retain(|_, b| *b != Bindings::default());
        choice.plans = self.label(&chosen, candidates, report)?;
        Ok(choice)
    }

    /// Precision is a label of (catalog, type, instrument): the definition's, or the most decimals sent, never
    /// less than what the catalog has.
    fn label(
        &self,
        chosen: &[&Candidate],
        candidates: &[Candidate],
        report: &mut ConvertReport,
    ) -> Result<Vec<StreamPlan>, ConvertError> {
        let mut sent: BTreeMap<&str, Decimals> = BTreeMap::new();
        for stream in chosen.iter().filter(|c| is_traded(c.key.data_type)) {
            let held = sent.entry(&stream.instrument_id).or_default();
            *held = held.max(stream.decimals);
        }
        let mut plans = Vec::new();
        let mut inferred = 0;
        let mut widened: BTreeMap<&str, Decimals> = BTreeMap::new();
        for stream in chosen {
            let data_type = stream.key.data_type;
            let id = stream.key.id.to_string();
            let definition = self.definitions.iter().find(|d| d.instrument_id == stream.instrument_id);
            let mut precision = stream.decimals;
            if is_traded(data_type) {
                match definition {
                    Some(definition) => {
                        let defined =
                            Decimals { price: definition.price_precision, size: definition.size_precision };
                        let all = sent.get(&*stream.instrument_id).copied().unwrap_or_default();
                        if all.price > defined.price || all.size > defined.size {
                            widened.insert(&stream.instrument_id, all.max(defined));
                        }
                        precision = defined.max(all);
                    }
                    None => {
                        inferred += 1;
                        if let Some((price, size)) = self.settings.options.precision {
                            precision = precision.max(Decimals { price, size });
                        }
                    }
                }
            }
            if let Some((price, size)) = self.catalog.state().precision(data_type.name(), &id) {
                precision = precision.max(Decimals { price, size });
            }
            let after = match self.settings.checked.mode {
                Mode::AppendAfter => self.catalog.last_ts(data_type, &id)?,
                _ => None,
            };
            plans.push(StreamPlan {
                parts: stream.parts.clone(),
                identity: stream.identity,
                data_type,
                id,
                instrument_id: stream.instrument_id.to_string(),
                precision: (precision.price, precision.size),
                after,
                origin: stream.origin.clone(),
            });
        }
        if inferred > 0 {
            report.notes.push(format!(
                "{}: precision of {inferred} streams was inferred from the values: no definitions were given for them",
                self.name
            ));
        }
        for (id, decimals) in &widened {
            report.notes.push(format!(
                "{id}: values have more decimals than its definition; precision is {} and {} now",
                decimals.price, decimals.size
            ));
        }
        for definition in self.definitions {
            let mut definition = definition.clone();
            // Instruments without rows are not part of the catalog.
            if !candidates.iter().any(|c| c.instrument_id == definition.instrument_id && c.rows > 0) {
                continue;
            }
            if let Some(decimals) = widened.get(&*definition.instrument_id) {
                definition.widen(*decimals);
            }
            report.instruments.push(definition);
        }
        Ok(plans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rank(channel: &str) -> u32 {
        u32::from(channel != "depth")
    }

    proptest! {
        /// Whatever the order in which streams get rows, the one that is chosen in the end was open all the time.
        #[test]
        fn what_is_kept_was_open(
            data_type in prop::sample::select(vec![
                DataType::Trade, DataType::Delta, DataType::Depth10, DataType::Quote, DataType::Bar,
            ]),
            held in prop::option::of(prop::sample::select(vec!["raw", "aggregate", "depth", "depth20"])),
            streams in prop::collection::vec(
                prop::sample::select(vec!["raw", "aggregate", "depth", "depth20", "depth5", "derived:depth", ""]), 1..6),
            turns in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
        ) {
            let held = held.map(str::to_owned);
            let bound = Bindings { trades: held.clone(), book: held };
            let keys: Vec<StreamKey> = streams
                .iter()
                .map(|variant| StreamKey { data_type, id: "A.B".into(), variant: (*variant).into() })
                .collect();
            let mut outlook = Outlook::default();
            let mut closed = vec![false; keys.len()];
            let mut has_rows = vec![false; keys.len()];
            for turn in turns {
                let stream = turn.index(keys.len());
                has_rows[stream] = true;
                closed[stream] |= !outlook.is_open(stream, &keys[stream], Some(&bound), rank);
            }
            let with_rows = (0..keys.len()).filter(|stream| has_rows[*stream]);
            let kept = with_rows.min_by_key(|stream| Place::of(&keys[*stream], Some(&bound), rank));
            prop_assert!(!closed[kept.expect("a turn")]);
        }
    }

    #[test]
    fn a_stream_beside_a_better_one_is_let_go() {
        let key = |variant: &str| StreamKey {
            data_type: DataType::Delta,
            id: "A.B".into(),
            variant: variant.into(),
        };
        let mut outlook = Outlook::default();
        let mut is_open = |stream, variant, bound| outlook.is_open(stream, &key(variant), bound, rank);
        assert!(is_open(0, "depth20", None), "it is the only one so far");
        assert!(is_open(1, "depth", None));
        assert!(!is_open(0, "depth20", None));
        let held = Bindings { trades: None, book: Some("depth20".to_owned()) };
        let mut outlook = Outlook::default();
        assert!(outlook.is_open(0, &key("depth20"), Some(&held), rank));
        assert!(!outlook.is_open(1, &key("depth"), Some(&held), rank), "the catalog keeps the other");
    }
}
