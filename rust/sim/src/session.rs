//! The way from the venue to the capture: connections, delays, faults, and the recorder that asks for snapshots.
//!
//! Everything happens in the order of one clock: the market's events, the wire's timers, the recorder's requests,
//! connections that open and close. What is sent arrives later, in order within its connection, and is recorded and
//! taken by the [`Consumer`] when its time has come; nothing that is sent afterwards can arrive before that. Memory
//! holds what is under way and no more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};
use std::rc::Rc;

use crate::consumer::{Consumer, Gap, Needs};
use crate::faults::Faults;
use crate::market::{Market, instruments};
use crate::random::Random;
use crate::sink::{Frame, Kind, Sink};
use crate::truth::{RowType, Truth};
use crate::wire::{self, Carrier, Channel, Channels, Content, Message, Wire};
use crate::{Options, Report, SimulateError};

const MILLI: u64 = 1_000_000;
/// From the start until the definitions were received, and connections opened.
const DEFINITIONS: u64 = 5 * MILLI;
const OPENING: u64 = 10 * MILLI;
/// Between two requests of a recorder that asks for every book.
const PACE: u64 = 2 * MILLI;
/// Until a recorder asks again where a snapshot would say nothing new.
const AGAIN: u64 = 200 * MILLI;

/// How far a simulation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Simulated so far, ns.
    pub done_ns: u64,
    /// To be simulated, ns.
    pub total_ns: u64,
    /// Frames written.
    pub frames: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// Stop: the simulation fails with [`SimulateError::Stopped`].
    Stop,
}

/// What is under way.
enum Item {
    Opened,
    Closed,
    Sent(Vec<u8>),
    Message(Rc<Message>),
}

struct Underway {
    arrival: u64,
    /// Ties arrive in the order they were sent.
    number: u64,
    connection: u32,
    item: Item,
}

impl PartialEq for Underway {
    fn eq(&self, other: &Self) -> bool {
        (self.arrival, self.number) == (other.arrival, other.number)
    }
}
impl Eq for Underway {}
impl PartialOrd for Underway {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Underway {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.arrival, self.number).cmp(&(other.arrival, other.number))
    }
}

/// One line to the venue, which is up or down.
struct Connection {
    number: u32,
    up: bool,
    /// When that changes, ns UTC.
    turns_at: u64,
    last_arrival: u64,
    delay: u64,
}

struct Session<'a> {
    options: &'a Options,
    market: Market,
    wire: Box<dyn Wire>,
    random: Random,
    connections: Vec<Connection>,
    next_connection: u32,
    underway: BinaryHeap<Reverse<Underway>>,
    sent: u64,
    /// Requests on their way to the venue: when they are there, and of which book.
    requests: BinaryHeap<Reverse<(u64, usize)>>,
    asked: Vec<bool>,
    consumer: Consumer<'a>,
    sink: &'a mut dyn Sink,
    last_ts: u64,
    report: Report,
}

/// Simulates a feed: frames go to `sink`, the truth to `truth` where that is given.
///
/// `watch` is called every few thousand frames.
///
/// # Errors
/// Options that cannot be, what writing gives, or a stop that `watch` asked for.
pub fn simulate<'a>(
    options: &'a Options,
    sink: &'a mut dyn Sink,
    truth: Option<&'a mut dyn Write>,
    watch: &mut dyn FnMut(Progress) -> Verdict,
) -> Result<Report, SimulateError> {
    let feed = options.check()?;
    let all = instruments(feed.product, options.symbols, options.rate, options.seed);
    let market = Market::new(all, options.seed, options.start_ns);
    let wire = (feed.wire)(&market, options.seed, options.channels, options.start_ns);
    let ids: Vec<String> = market.instruments().iter().map(|i| wire.instrument_id(i)).collect();
    let horizon = if options.faults.backward > 0.0 { Faults::MAX_BACK_NS } else { 0 };
    let consumer =
        Consumer::new(market.instruments(), ids.clone(), options.channels, Truth::new(truth, horizon));
    let session = Session {
        asked: vec![false; ids.len()],
        report: Report {
            feed: feed.name.to_owned(),
            seed: options.seed,
            instruments: ids,
            ..Report::default()
        },
        options,
        market,
        wire,
        random: Random::new(options.seed, 3),
        connections: Vec::new(),
        next_connection: 0,
        underway: BinaryHeap::new(),
        sent: 0,
        requests: BinaryHeap::new(),
        consumer,
        sink,
        last_ts: 0,
    };
    session.run(watch)
}

impl Session<'_> {
    fn run(mut self, watch: &mut dyn FnMut(Progress) -> Verdict) -> Result<Report, SimulateError> {
        let start = self.options.start_ns;
        let end = start + self.options.duration_ns;
        let definitions = self.wire.definitions(&self.market, start);
        self.send(start + DEFINITIONS, 0, Item::Message(Rc::new(definitions)));
        for at in 0..self.options.faults.connections {
            let turns_at = start + OPENING + u64::from(at) * 40 * MILLI;
            // The others come so much later that a hole of the first may open before they fill it.
            let delay = 2 * MILLI + if at == 0 { 0 } else { self.random.below(180 * MILLI) };
            self.connections.push(Connection { number: 0, up: false, turns_at, last_arrival: 0, delay });
        }
        let (mut events, mut messages) = (Vec::new(), Vec::new());
        let mut rounds = 0_u32;
        loop {
            let turn = self.connections.iter().map(|c| c.turns_at).min().unwrap_or(u64::MAX);
            let request = self.requests.peek().map_or(u64::MAX, |Reverse((at, _))| *at);
            let (market, wire) = (self.market.next_at(), self.wire.next_at());
            let now = turn.min(request).min(market).min(wire);
            if now > end {
                break;
            }
            self.deliver(now)?;
            if turn == now {
                self.turn(now);
            } else if request == now {
                self.answer(now);
            } else if market == now {
                events.clear();
                self.market.step(&mut events);
                for event in &events {
                    self.wire.event(&self.market, event, &mut messages);
                }
            } else {
                self.wire.tick(&self.market, &mut messages);
            }
            for message in messages.drain(..) {
                self.push(message);
            }
            rounds = rounds.wrapping_add(1);
            if rounds.is_multiple_of(4_096) {
                let progress = Progress {
                    done_ns: now - start,
                    total_ns: end - start,
                    frames: self.report.frames,
                    bytes: self.report.bytes,
                };
                if watch(progress) == Verdict::Stop {
                    return Err(SimulateError::Stopped);
                }
            }
        }
        self.deliver(end)?;
        let (truth, gaps) = self.consumer.finish();
        self.report.rows = RowType::counted(truth.counts());
        self.report.gaps = gaps;
        truth.finish(&self.report.to_json())?;
        Ok(self.report)
    }

    fn send(&mut self, arrival: u64, connection: u32, item: Item) {
        self.sent += 1;
        self.underway.push(Reverse(Underway { arrival, number: self.sent, connection, item }));
    }

    /// Pushes a message down every connection that is up.
    fn push(&mut self, message: Message) {
        let message = Rc::new(message);
        let diff = message.content.is_diff();
        for at in 0..self.connections.len() {
            let connection = &mut self.connections[at];
            let delay = connection.delay + self.random.exponential(2 * MILLI);
            let lost = diff && self.random.chance(self.options.faults.lost);
            if !connection.up {
                continue;
            }
            let arrival = (message.at + delay).max(connection.last_arrival);
            if lost || arrival >= connection.turns_at {
                // Lost on the way, or the line broke before it was there.
                self.report.lost += u64::from(lost);
                continue;
            }
            connection.last_arrival = arrival;
            let number = connection.number;
            self.send(arrival, number, Item::Message(message.clone()));
        }
    }

    /// A connection opens or closes.
    fn turn(&mut self, now: u64) {
        let Some(at) = self.connections.iter().position(|c| c.turns_at == now) else { return };
        let mean = self.options.faults.reconnect_ns;
        let connection = &mut self.connections[at];
        if connection.up {
            connection.up = false;
            connection.turns_at = now + 200 * MILLI + self.random.exponential(800 * MILLI);
            let number = connection.number;
            self.report.reconnects += 1;
            self.send(now, number, Item::Closed);
            return;
        }
        connection.up = true;
        connection.turns_at = match mean {
            0 => u64::MAX,
            // A line that breaks at once was never up.
            mean => now + 1_000 * MILLI + self.random.exponential(mean),
        };
        connection.last_arrival = now;
        connection.number = self.next_connection;
        let number = connection.number;
        self.next_connection += 1;
        self.send(now, number, Item::Opened);
        for (subscription, acknowledgement) in self.wire.subscribe() {
            self.send(now, number, Item::Sent(subscription));
            let message = Message {
                at: now,
                instrument: 0,
                body: acknowledgement,
                content: Content::Control,
                carrier: Carrier::Stream,
            };
            self.send(now + MILLI, number, Item::Message(Rc::new(message)));
            self.connections[at].last_arrival = now + MILLI;
        }
        for instrument in 0..self.market.instruments().len() {
            self.request(now + instrument as u64 * PACE, instrument);
        }
    }

    fn request(&mut self, now: u64, instrument: usize) {
        let channels = self.options.channels;
        let has_books = channels.has(Channel::Book) || channels.has(Channel::Orders);
        if has_books && !std::mem::replace(&mut self.asked[instrument], true) {
            let there = now + 10 * MILLI + self.random.exponential(10 * MILLI);
            self.requests.push(Reverse((there, instrument)));
        }
    }

    /// The venue answers a request for a book.
    fn answer(&mut self, now: u64) {
        let Some(Reverse((_, instrument))) = self.requests.pop() else { return };
        if self.consumer.is_silent(instrument) {
            self.requests.push(Reverse((now + AGAIN, instrument)));
            return;
        }
        let message = self.wire.snapshot(&self.market, instrument, now);
        if message.carrier == Carrier::Stream {
            return self.subscribed(now, message);
        }
        let mut delay = 10 * MILLI + self.random.exponential(10 * MILLI);
        if self.random.chance(self.options.faults.late) {
            delay += self.random.between(300, 3_000) as u64 * MILLI;
        }
        let connection = self.next_connection.saturating_sub(1);
        self.send(now + delay, connection, Item::Message(Rc::new(message)));
    }

    /// A subscription is answered by the stream itself, in its order: on the newest line that is up.
    fn subscribed(&mut self, now: u64, message: Message) {
        let delay = self.random.exponential(2 * MILLI);
        let instrument = message.instrument;
        let up = self.connections.iter_mut().filter(|c| c.up).max_by_key(|c| c.number);
        if let Some(connection) = up {
            let arrival = (now + connection.delay + delay).max(connection.last_arrival);
            if arrival < connection.turns_at {
                connection.last_arrival = arrival;
                let number = connection.number;
                self.send(arrival, number, Item::Message(Rc::new(message)));
                return;
            }
        }
        // There is no line, or it breaks before: whoever opens the next one asks again.
        self.asked[instrument] = false;
    }

    /// Records and takes what has arrived by `now`.
    fn deliver(&mut self, now: u64) -> io::Result<()> {
        while self.underway.peek().is_some_and(|Reverse(first)| first.arrival <= now) {
            let Some(Reverse(Underway { arrival, connection, item, .. })) = self.underway.pop() else {
                break;
            };
            let ts = self.stamp(arrival);
            let url = self.wire.url();
            let frame = |kind, url, stream, body| Frame { kind, ts, connection, url, stream, body };
            match item {
                Item::Opened => self.record(&frame(Kind::Opened, url, None, &[]))?,
                Item::Closed => self.record(&frame(Kind::Closed, "", None, &[]))?,
                Item::Sent(body) => self.record(&frame(Kind::Sent, "", None, &body))?,
                Item::Message(message) => {
                    match &message.carrier {
                        Carrier::Stream => self.record(&frame(Kind::Received, "", None, &message.body))?,
                        Carrier::Answer { url, stream } => {
                            self.record(&frame(Kind::Answer, url, stream.as_deref(), &message.body))?;
                        }
                    }
                    if message.content.is_snapshot() {
                        self.asked[message.instrument] = false;
                    }
                    if self.consumer.take(&message, ts)? == Needs::Snapshot {
                        self.request(arrival, message.instrument);
                    }
                }
            }
        }
        Ok(())
    }

    /// The receive time that is recorded for an arrival.
    fn stamp(&mut self, arrival: u64) -> u64 {
        let faults = &self.options.faults;
        let ts = if self.last_ts > 0 && self.random.chance(faults.equal) {
            self.last_ts
        } else if self.last_ts > 0 && self.random.chance(faults.backward) {
            arrival - self.random.below(Faults::MAX_BACK_NS)
        } else {
            arrival
        };
        self.last_ts = ts;
        ts
    }

    fn record(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        if !self.sink.frame(frame)? {
            return Ok(());
        }
        if self.report.frames == 0 {
            (self.report.start_ns, self.report.end_ns) = (frame.ts, frame.ts);
        }
        self.report.start_ns = self.report.start_ns.min(frame.ts);
        self.report.end_ns = self.report.end_ns.max(frame.ts);
        if !matches!(frame.kind, Kind::Opened | Kind::Closed) {
            self.report.frames += 1;
            self.report.bytes += frame.body.len() as u64;
        }
        Ok(())
    }
}

impl Options {
    /// The feed, when everything else can be.
    pub(crate) fn check(&self) -> Result<&'static wire::Feed, SimulateError> {
        let option = |name, value: String, wanted| Err(SimulateError::Option { name, value, wanted });
        let Some(feed) = wire::feed(&self.feed) else {
            return Err(SimulateError::UnknownFeed(self.feed.clone()));
        };
        self.check_market()?;
        if self.channels == Channels::named([]).unwrap_or(Channels::ALL) {
            return option("channels", String::new(), "at least one");
        }
        if self.channels.has(Channel::Orders) && feed.name != wire::BY_ORDER {
            return option(
                "channels",
                Channel::Orders.name().to_owned(),
                "of kraken-spot, or other channels",
            );
        }
        let faults = &self.faults;
        for (name, rate) in [
            ("lost", faults.lost),
            ("equal", faults.equal),
            ("backward", faults.backward),
            ("late", faults.late),
        ] {
            if !(0.0..=1.0).contains(&rate) {
                return option(name, rate.to_string(), "a share, 0 to 1");
            }
        }
        if !(1..=8).contains(&faults.connections) {
            return option("connections", faults.connections.to_string(), "1 to 8");
        }
        Ok(feed)
    }

    /// Whether a market can be made of them.
    pub(crate) fn check_market(&self) -> Result<(), SimulateError> {
        let option = |name, value: String, wanted| Err(SimulateError::Option { name, value, wanted });
        if !(1..=2_000).contains(&self.symbols) {
            return option("symbols", self.symbols.to_string(), "1 to 2,000");
        }
        if !(1..=1_000).contains(&self.rate) {
            return option("rate", self.rate.to_string(), "1 to 1,000 changes a second");
        }
        // 2010 to 2090: receive times that every container takes, whatever is added.
        if !(1_262_304_000_000_000_000..3_786_912_000_000_000_000).contains(&self.start_ns) {
            return option("start", self.start_ns.to_string(), "a time of 2010 to 2090, ns UTC");
        }
        if !(MILLI..=366 * 86_400_000 * MILLI).contains(&self.duration_ns) {
            return option(
                "minutes",
                (self.duration_ns / 60_000_000_000).to_string(),
                "more than 0, at most a year",
            );
        }
        Ok(())
    }
}

impl Report {
    /// As a JSON object on one line: the last line of the truth.
    #[must_use]
    pub fn to_json(&self) -> String {
        let list = |items: Vec<String>| items.join(",");
        let rows = list(self.rows.iter().map(|(name, count)| format!("\"{name}\":{count}")).collect());
        let ids = list(self.instruments.iter().map(|id| format!("\"{id}\"")).collect());
        let gap = |gap: &Gap| {
            format!(
                "{{\"instrument_id\":\"{}\",\"from_sequence\":{},\"to_ns\":{},\"resolved_ns\":{},\"resolution\":\"{}\"}}",
                gap.instrument_id, gap.from_sequence, gap.to_ns, gap.resolved_ns, gap.resolution
            )
        };
        let gaps = list(self.gaps.iter().map(gap).collect());
        format!(
            "{{\"type\":\"summary\",\"feed\":\"{}\",\"seed\":{},\"frames\":{},\"bytes\":{},\"start_ns\":{},\"end_ns\":{},\
             \"lost\":{},\"reconnects\":{},\"rows\":{{{rows}}},\"gaps\":[{gaps}],\"instruments\":[{ids}]}}",
            self.feed,
            self.seed,
            self.frames,
            self.bytes,
            self.start_ns,
            self.end_ns,
            self.lost,
            self.reconnects,
        )
    }
}
