//! Every container: what it reads, and that every byte of any input is accounted for.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::frame::FrameKind;

const TS: u64 = 1_633_998_512_063_356_900;
const TS_HALF: u64 = 1_633_998_512_500_000_000;

fn read(
    bytes: &[u8],
    name: &str,
    block_bytes: usize,
    allow: bool,
) -> Result<(Vec<Item>, u64, u64), CaptureError> {
    let input = || Box::new(io::Cursor::new(bytes.to_vec())) as Box<dyn Read + Send>;
    let Some(probe) = probe(input(), name)? else { return Ok((Vec::new(), 0, 0)) };
    let options = CaptureOptions { max_line: 1 << 20, allow_truncated: allow, block_bytes };
    let mut capture = open(input(), name, &probe, &options)?;
    let mut block = Block::default();
    let (mut items, mut framed, mut overhead) = (Vec::new(), 0, 0);
    while capture.next_block(&mut block)? {
        overhead += block.overhead;
        for meta in &block.frames {
            framed += meta.len;
            let body = String::from_utf8_lossy(block.body(meta)).into_owned();
            items.push((meta.kind, meta.ts, meta.conn, block.context(meta).to_owned(), body));
        }
    }
    Ok((items, framed, overhead))
}

use std::io;
type Item = (FrameKind, u64, u32, String, String);

fn all(bytes: &[u8], name: &str) -> Vec<Item> {
    let (items, framed, overhead) = read(bytes, name, 256 << 10, false).expect("reads");
    if !bytes.starts_with(b"TWCAP") {
        assert_eq!(framed + overhead, bytes.len() as u64);
    }
    items
}

const CRYPTOFEED: &str = "wss://a.b/stream?streams=x@y <-> 1633998511.159679\n\
    1633998512.0633569: {\"a\":1}\n\
    https://a.b/api/v3/depth?symbol=X&limit=5 -> 1633998512.5: {\"lastUpdateId\":1} header: {\"k\":\"v\"}\n\
    wss://a.b/stream <- 1633998513: {\"sub\":1}\n\
    configuration: {\"trades\":[]}\n\n\
    wss://a.b/2 <-> 1633998514.0\n\
    half a line\n\
    1633998515.25: pong";

#[test]
fn cryptofeed_lines() {
    let items = all(CRYPTOFEED.as_bytes(), "BINANCE.ws.1.0");
    let kinds: Vec<_> = items.iter().map(|i| i.0).collect();
    assert_eq!(
        kinds,
        [
            FrameKind::Opened,
            FrameKind::Received,
            FrameKind::Rest,
            FrameKind::Sent,
            FrameKind::Closed,
            FrameKind::Opened,
            FrameKind::Malformed(crate::frame::MalformedReason::NoPrefix),
            FrameKind::Received,
        ]
    );
    assert_eq!(items[1].1, TS);
    assert_eq!(items[1].4, "{\"a\":1}");
    assert_eq!(
        (items[2].3.as_str(), items[2].4.as_str()),
        ("https://a.b/api/v3/depth?symbol=X&limit=5", "{\"lastUpdateId\":1}")
    );
    assert_eq!((items[7].1, items[7].2, items[7].4.as_str()), (1_633_998_515_250_000_000, 1, "pong"));
}

const TARDIS: &str =
    "\n2021-10-12T00:28:32.0633569Z {\"a\":1}\r\n\n\n2021-10-12T00:28:33.0000000Z [1]\nnoise\n";

#[test]
fn tardis_lines() {
    let items = all(TARDIS.as_bytes(), "x.gz");
    let kinds: Vec<_> = items.iter().map(|i| (i.0, i.1, i.2)).collect();
    assert_eq!(
        kinds,
        [
            (FrameKind::Closed, 0, 0),
            (FrameKind::Opened, TS, 1),
            (FrameKind::Received, TS, 1),
            (FrameKind::Closed, 0, 1),
            (FrameKind::Opened, 1_633_998_513_000_000_000, 2),
            (FrameKind::Received, 1_633_998_513_000_000_000, 2),
            (FrameKind::Malformed(crate::frame::MalformedReason::NoPrefix), 0, 0),
        ]
    );
}

#[test]
fn hftbacktest_names_the_symbol_of_rest_books() {
    let text = format!("{TS} {{\"stream\":\"a@b\",\"data\":{{}}}}\n{TS} {{\"lastUpdateId\":1}}\n");
    let items = all(text.as_bytes(), "dir/btcusdt_20211012.gz");
    assert_eq!((items[0].1, items[0].3.as_str()), (TS, ""));
    assert_eq!((items[1].3.as_str(), items[1].4.as_str()), ("btcusdt", "{\"lastUpdateId\":1}"));
}

#[test]
fn ndjson_variants() {
    let text = "\u{feff}{\"e\":1}\n1633998512063\t{\"e\":2}\n1633998512.0633569,{\"e\":3}\n\
        {\"ts\":1633998512063356900,\"msg\":{\"e\":4}}\n{\"local_ts\":\"1633998512.5\",\"raw\":\"{\\\"e\\\":5}\"}\n\n{\"e\":6}";
    let items = all(text.as_bytes(), "x.ndjson");
    let got: Vec<_> = items.iter().map(|i| (i.1, i.4.as_str())).collect();
    assert_eq!(
        got,
        [
            (0, "{\"e\":1}"),
            (1_633_998_512_063_000_000, "{\"e\":2}"),
            (TS, "{\"e\":3}"),
            (TS, "{\"e\":4}"),
            (1_633_998_512_500_000_000, "{\"e\":5}"),
            (0, "{\"e\":6}"),
        ]
    );
}

#[test]
fn ndjson_of_other_recorders() {
    let moment = "2021-10-12T00:28:32.0633569Z";
    for line in [
        format!("{moment} {{\"e\":1}}"),
        format!("{moment}\t{{\"e\":1}}"),
        format!("{{\"localTimestamp\":\"{moment}\",\"message\":{{\"e\":1}}}}"),
        format!("{{\"exchange\":\"x\",\"received_at\":{TS},\"symbol\":\"A\",\"json\":\"{{\\\"e\\\":1}}\"}}"),
        format!("{{\"receive_time\":{TS},\"payload\":{{\"e\":1}}}}"),
        format!("[{TS},\"{{\\\"e\\\":1}}\"]"),
        format!("[\"{moment}\", {{\"e\":1}} ]"),
        format!(" [ {TS} , {{\"e\":1}}]"),
    ] {
        let items = all(format!("{line}\n{line}\n").as_bytes(), "x.ndjson");
        let got: Vec<_> = items.iter().map(|i| (i.1, i.4.as_str())).collect();
        assert_eq!(got, [(TS, "{\"e\":1}"); 2], "{line}");
    }
    // Arrays that venues send: of protocol v1 of Kraken, of candles.
    for line in [
        "[923,{\"as\":[]},\"book-10\",\"A/B\"]",
        "[[1633998512063,\"1\"],[1633998512063,\"2\"]]",
        "[{\"e\":1},{\"e\":2}]",
    ] {
        let items = all(format!("{line}\n{line}\n").as_bytes(), "x.ndjson");
        let got: Vec<_> = items.iter().map(|i| (i.1, i.4.as_str())).collect();
        assert_eq!(got, [(0, line); 2]);
    }
}

/// What a line of NDJSON is, and as one of a JSON array.
fn both_ways(line: &str) -> Vec<Item> {
    let items = all(format!("{line}\n{line}\n").as_bytes(), "x.ndjson");
    assert_eq!(items[0], items[1]);
    assert_eq!(all(format!("[{line},\n {line}]").as_bytes(), "x.json"), items, "{line}");
    items
}

#[test]
fn envelopes_of_recorders() {
    for (line, ts, frame) in [
        // crypto-crawler's: https://github.com/crypto-crawler/carbonbot
        (
            r#"{"exchange":"bybit","market_type":"spot","msg_type":"trade","received_at":1633998512063,"json":"{\"topic\":1}"}"#,
            1_633_998_512_063_000_000,
            r#"{"topic":1}"#,
        ),
        // The receive time counts, wherever the venue's stands.
        (r#"{"recv_ts":1633998512.5,"msg":{"e":1},"ts":1633998500000}"#, TS_HALF, r#"{"e":1}"#),
        (
            r#"{"timestamp":1633998500000,"raw":{"e":1},"local_recv_ts":"2021-10-12T00:28:32.500000+00:00"}"#,
            TS_HALF,
            r#"{"e":1}"#,
        ),
        (r#"{"venue":"x","recv_us":1633998512500000,"raw":{"e":1},"data":{"e":2}}"#, TS_HALF, r#"{"e":1}"#),
        (r#"{"ts":"2021-10-12 05:58:32.5+05:30","msg":{"e":1}}"#, TS_HALF, r#"{"e":1}"#),
        // Binance's streams stay together.
        (
            r#"{"recv_wall_ns":1633998512500000000,"kind":"stream","stream":"a@depth20","data":{"e":"depthUpdate"}}"#,
            TS_HALF,
            r#"{"stream":"a@depth20","data":{"e":"depthUpdate"}}"#,
        ),
        (
            r#"{"recv_ts":1633998512500,"stream":"a@depth5","payload":"{\"lastUpdateId\":1}"}"#,
            TS_HALF,
            r#"{"stream":"a@depth5","data":{"lastUpdateId":1}}"#,
        ),
        (r#"{"ts":1633998512500,"stream":"trade","payload":{"e":1}}"#, TS_HALF, r#"{"e":1}"#),
        (
            r#"{"ts":1633998512500,"stream":"a","data":{"stream":"a@b","data":1}}"#,
            TS_HALF,
            r#"{"stream":"a@b","data":1}"#,
        ),
        // A wrapper's topic, and a venue's.
        (
            r#"{"topic":"dump","ts":1633998512500,"data":{"topic":"t","data":[]}}"#,
            TS_HALF,
            r#"{"topic":"t","data":[]}"#,
        ),
        (
            r#"{"channel":"b","recv_ns":1633998512500000000,"data":[923,{"a":[]},"book-10","A/B"]}"#,
            TS_HALF,
            r#"[923,{"a":[]},"book-10","A/B"]"#,
        ),
        (
            r#"{"topic":"t","ts":1,"data":{"s":"X"},"local_ts":1633998512500}"#,
            TS_HALF,
            r#"{"topic":"t","ts":1,"data":{"s":"X"}}"#,
        ),
        (
            r#"{"recv_ts":1633998512500, "channel":"book","data":[{}]}"#,
            TS_HALF,
            r#"{ "channel":"book","data":[{}]}"#,
        ),
        (
            r#"{"arg":{},"received_at" : "2021-10-12T00:28:32.5Z" ,"data":[{}]}"#,
            TS_HALF,
            r#"{"arg":{},"data":[{}]}"#,
        ),
        (r#"{"e":"depthUpdate","u":5,"local_ts":1633998512500000}"#, TS_HALF, r#"{"e":"depthUpdate","u":5}"#),
        // No receive time: the times are the venue's.
        (
            r#"{"topic":"t","ts":1633998512500,"data":{"s":"X"}}"#,
            0,
            r#"{"topic":"t","ts":1633998512500,"data":{"s":"X"}}"#,
        ),
        (
            r#"{"ts":1633998512500,"topic":"t","data":{"s":"X"}}"#,
            0,
            r#"{"ts":1633998512500,"topic":"t","data":{"s":"X"}}"#,
        ),
        (
            r#"{"channel":"ohlc","timestamp":"2021-10-12T00:28:32Z","data":[{}]}"#,
            0,
            r#"{"channel":"ohlc","timestamp":"2021-10-12T00:28:32Z","data":[{}]}"#,
        ),
    ] {
        let items = both_ways(line);
        assert_eq!((items[0].0, items[0].1, items[0].4.as_str()), (FrameKind::Received, ts, frame), "{line}");
    }
}

#[test]
fn envelopes_whose_time_has_another_name() {
    for (line, ts, frame) in [
        (r#"{"t":1633998512500,"msg":{"e":1}}"#, TS_HALF, r#"{"e":1}"#),
        (r#"{"recvTs":1633998512500,"data":{"topic":"t"}}"#, TS_HALF, r#"{"topic":"t"}"#),
        (
            r#"{"rx_ns":1633998512500000000,"seq":7,"frame":[1,{},"trade","A/B"]}"#,
            TS_HALF,
            r#"[1,{},"trade","A/B"]"#,
        ),
        (r#"{"raw":"{\"arg\":{}}","arrival_time":"2021-10-12T00:28:32.5Z"}"#, TS_HALF, r#"{"arg":{}}"#),
        // An id is no time, and of several one that says so counts.
        (r#"{"id":1633998512500000001,"time":1633998512.5,"msg":{"e":1}}"#, TS_HALF, r#"{"e":1}"#),
        (r#"{"event_time":1633998512000,"recvTs":1633998512500,"msg":{"e":1}}"#, TS_HALF, r#"{"e":1}"#),
        // No time at all.
        (r#"{"exchange":"x","msg":{"e":1}}"#, 0, r#"{"e":1}"#),
        // Messages of venues, and answers.
        (r#"{"data":{"e":1},"stream":"a@b"}"#, 0, r#"{"data":{"e":1},"stream":"a@b"}"#),
        (r#"{"time":1633998512500,"msg":"pong"}"#, 0, r#"{"time":1633998512500,"msg":"pong"}"#),
        (
            r#"{"topic":"t","T":1633998512500,"data":{"e":1}}"#,
            0,
            r#"{"topic":"t","T":1633998512500,"data":{"e":1}}"#,
        ),
    ] {
        let items = both_ways(line);
        assert_eq!((items[0].0, items[0].1, items[0].4.as_str()), (FrameKind::Received, ts, frame), "{line}");
    }
    let several = r#"{"time":1633998512500,"sent_at":1633998512400,"msg":{"e":1}}"#;
    assert_eq!(both_ways(several)[0].0, FrameKind::Malformed(crate::frame::MalformedReason::BadEnvelope));
    // What stood beside one message stands beside the others, which need not name themselves; answers stay what they are.
    let lines = [
        r#"{"t":1633998512500,"msg":{"e":1}}"#,
        r#"{"t":1633998512500,"msg":{"id":1}}"#,
        r#"{"code":"0","data":[{"instId":"A"}],"msg":""}"#,
    ];
    let items = all(lines.join("\n").as_bytes(), "x");
    assert_eq!((items[1].1, items[1].4.as_str()), (TS_HALF, r#"{"id":1}"#));
    assert_eq!((items[2].1, items[2].4.as_str()), (0, lines[2]));
}

#[test]
fn a_symbol_beside_a_rest_book_is_its_context() {
    let line = r#"{"msg_type":"l2_snapshot","symbol":"BTCUSDT","received_at":1633998512500,"json":"{\"lastUpdateId\":1}"}"#;
    let items = both_ways(line);
    assert_eq!(
        (items[0].1, items[0].3.as_str(), items[0].4.as_str()),
        (TS_HALF, "BTCUSDT", "{\"lastUpdateId\":1}")
    );
    let trade = r#"{"symbol":"BTCUSDT","received_at":1633998512500,"json":"{\"e\":1}"}"#;
    assert_eq!(both_ways(trade)[0].3, "");
}

#[test]
fn a_time_without_its_zone_is_refused() {
    let malformed = |reason| FrameKind::Malformed(reason);
    for line in [
        r#"{"recv_ts":"2021-10-12T00:28:32.5","msg":{"e":1}}"#,
        r#"{"e":1,"local_timestamp":"2021-10-12 00:28:32"}"#,
        r#"["2021-10-12T00:28:32.5",{"e":1}]"#,
        "2021-10-12 00:28:32.063 {\"e\":1}",
        "2021-10-12T00:28:32\t{\"e\":1}",
    ] {
        let items = all(format!("{line}\n{line}\n").as_bytes(), "x.ndjson");
        assert_eq!(items[0].0, malformed(crate::frame::MalformedReason::NoZone), "{line}");
        assert_eq!((items[0].1, items[0].4.as_str()), (0, line));
    }
    let line = r#"{"recv_ts":"yesterday","msg":{"e":1}}"#;
    assert_eq!(both_ways(line)[0].0, malformed(crate::frame::MalformedReason::BadTimestamp));
}

#[test]
fn a_long_frame_is_probed_by_its_start_and_its_end() {
    let long = format!("{{\"jsonrpc\":\"2.0\",\"result\":[{}1],\"usIn\":1}}", "1,".repeat(9_000));
    let short = "{\"jsonrpc\":\"2.0\",\"result\":[],\"usIn\":1}";
    let text = format!("{long}\n{short}\n");
    let probed = probe(Box::new(io::Cursor::new(text.into_bytes())), "x").expect("reads").expect("frames");
    assert_eq!(probed.head[1], short.as_bytes());
    assert!(long.as_bytes().starts_with(&probed.head[0][..8_192]));
    assert!(probed.head[0].ends_with(b"1],\"usIn\":1}"), "{}", probed.head[0].len());
}

#[test]
fn envelopes_after_many_bare_frames() {
    let late = r#"{"exchange":"x","received_at":1633998512500,"json":"{\"e\":1}"}"#;
    let text = format!("{}{late}\n", "{\"id\":1}\n".repeat(20));
    let items = all(text.as_bytes(), "x.ndjson");
    assert_eq!((items[20].1, items[20].4.as_str()), (TS_HALF, "{\"e\":1}"));
}

#[test]
fn times_in_front_with_a_zone() {
    for stamp in [
        "2021-10-12T00:28:32.500+00:00",
        "2021-10-12 00:28:32.5Z",
        "2021-10-11 20:28:32.5-0400",
        "2021-10-12 00:28:32.500000000 UTC",
    ] {
        for between in [" ", "\t", ",", ", "] {
            let items = all(format!("{stamp}{between}{{\"e\":1}}\n").as_bytes(), "x.txt");
            assert_eq!((items[0].1, items[0].4.as_str()), (TS_HALF, "{\"e\":1}"), "{stamp}{between}");
        }
    }
}

const CSV: &str = "received_ns,stream,payload_json\r\n\
    1633998512500000000,a@b,\"{\"\"e\"\":\"\"x,y\"\"}\"\r\n\
    \"1633998512500000000\",,\"[1]\"\r\n\r\n\
    1633998512500000000,a@b\r\n\
    x,a@b,\"{}\"\r\n\
    1633998512500000000,a@b,\"{\"\"e\"\":1}";

#[test]
fn csv_rows() {
    let bad = |reason| FrameKind::Malformed(reason);
    let items = all(CSV.as_bytes(), "x.csv");
    let got: Vec<_> = items.iter().map(|i| (i.0, i.1, i.4.as_str())).collect();
    assert_eq!(
        got,
        [
            (FrameKind::Received, TS_HALF, "{\"stream\":\"a@b\",\"data\":{\"e\":\"x,y\"}}"),
            (FrameKind::Received, TS_HALF, "[1]"),
            (bad(crate::frame::MalformedReason::BadEnvelope), 0, "1633998512500000000,a@b"),
            (bad(crate::frame::MalformedReason::BadTimestamp), 0, "x,a@b,\"{}\""),
            (bad(crate::frame::MalformedReason::BadEnvelope), 0, "1633998512500000000,a@b,\"{\"\"e\"\":1}"),
        ]
    );
    for text in [
        "1633998512.5,\"{\"\"e\"\":1}\"\n",
        "timestamp,local_timestamp,message\n1,1633998512500,\"{\"\"e\"\":1}\"",
        "\u{feff}\"timestamp\",\"raw_json\"\n2021-10-12T00:28:32.5Z,\"{\"\"e\"\":1}\"",
        // Names of others.
        "local_time,venue,body\n1633998512500,x,\"{\"\"e\"\":1}\"",
        "id,timestamp,body\n1633998512500001,1633998512500,\"{\"\"e\"\":1}\"",
    ] {
        let items = all(text.as_bytes(), "x.csv");
        assert_eq!((items[0].1, items[0].4.as_str()), (TS_HALF, "{\"e\":1}"), "{text}");
    }
    // Tables are no captures.
    for text in [
        "timestamp,data\n1633998512,5\n",
        "a,b\n1,2\n",
        "ts,msg\n1633998512,\"x\"\n",
        "ts,msg\n",
        "id,body\n1633998512,\"{}\"\n",
        "at,time,body\n1633998512,1633998512,\"{}\"\n",
    ] {
        assert!(
            matches!(probe(Box::new(io::Cursor::new(text.as_bytes().to_vec())), "x"), Ok(None)),
            "{text}"
        );
    }
}

#[test]
fn the_older_collector_of_hftbacktest() {
    let text = "1633998512500000 {\"stream\":\"a@b\",\"data\":{}}\n1633998512500000 {\"lastUpdateId\": 1}\n";
    let items = all(text.as_bytes(), "dir/btcusdt_20211012.dat");
    assert_eq!((items[0].1, items[0].3.as_str()), (TS_HALF, ""));
    assert_eq!((items[1].3.as_str(), items[1].4.as_str()), ("btcusdt", "{\"lastUpdateId\": 1}"));
}

#[test]
fn what_is_no_raw_capture_says_what_it_is() {
    let refused = |bytes: &[u8]| match probe(Box::new(io::Cursor::new(bytes.to_vec())), "x") {
        Err(error) => error.code(),
        Ok(_) => "taken",
    };
    let trade = r#"{"type":"trade","symbol":"BTCUSDT","exchange":"binance","id":"1","price":1.5,"amount":2,"side":"buy","timestamp":"2021-10-12T00:28:32.000Z","localTimestamp":"2021-10-12T00:28:32.063Z"}"#;
    assert_eq!(refused(trade.as_bytes()), "normalized");
    assert_eq!(refused(format!("{trade}\n{trade}\n").as_bytes()), "normalized");
    let raw = r#"{"localTimestamp":"2021-10-12T00:28:32.063Z","message":{"e":1}}"#;
    assert_eq!(refused(raw.as_bytes()), "taken");
    for magic in [&b"\xFD7zXZ\x00\x00"[..], b"BZh91AY&SY", b"\x04\x22\x4D\x18\x64", b"7z\xBC\xAF\x27\x1C"] {
        assert_eq!(refused(magic), "compression");
    }
}

#[test]
fn objects_of_an_array_are_frames() {
    let frames = ["{\"e\":\"]},\"}", "{\"b\": [1, {}]}"];
    for (open, between, close) in [("[", ",", "]"), ("\u{feff}[\n  ", " ,\n", "\n]\n"), ("[", ",\n", "")] {
        let text = format!("{open}{}{between}{}{close}", frames[0], frames[1]);
        let got: Vec<_> = all(text.as_bytes(), "x.json").into_iter().map(|item| item.4).collect();
        assert_eq!(got, frames, "{text}");
    }
    let candles = "[[1, \"2\"],\n [3, \"4\"]]";
    let got: Vec<_> = all(candles.as_bytes(), "x.json").into_iter().map(|item| item.4).collect();
    assert_eq!(got, [candles]);
}

#[test]
fn pretty_json_is_one_frame() {
    let items = all(b"{\n  \"e\": \"}\\\"\",\n \"b\": [1, {}]\n}\n", "x.json");
    assert_eq!(items.len(), 1);
    assert!(items[0].4.ends_with('}'));
}

fn own() -> Vec<u8> {
    let header = Header { feed: "binance-spot".into(), recorder: "test".into() };
    let mut bytes = Vec::new();
    for part in 0..2 {
        let mut writer = Writer::new(Vec::new(), &header).expect("memory");
        writer.push(FrameKind::Opened, TS, 0, b"wss://x", b"").expect("memory");
        for i in 0..50_u64 {
            let ts = if i == 7 { TS - 5 } else { TS + i * 1_000 };
            writer
                .push(FrameKind::Received, ts + part * 1_000_000, 0, b"", format!("{{\"i\":{i}}}").as_bytes())
                .expect("memory");
            if i == 25 {
                writer.flush_block().expect("memory");
            }
        }
        writer.push(FrameKind::Rest, TS + part * 1_000_000, 0, b"https://x/depth", b"{}").expect("memory");
        bytes.extend(writer.finish().expect("memory"));
    }
    bytes
}

#[test]
fn own_container_reads_back() {
    let items = all(&own(), "x.twcap");
    assert_eq!(items.len(), 104);
    assert_eq!(items[8].1, TS - 5);
    assert_eq!((items[51].3.as_str(), items[51].2, items[103].2), ("https://x/depth", 0, 1));
    let probed = probe(Box::new(io::Cursor::new(own())), "x").expect("reads").expect("ours");
    assert_eq!(probed.feed.as_deref(), Some("binance-spot"));
    let bytes = own();
    assert_eq!(seek_time(&mut io::Cursor::new(&bytes), u64::MAX).expect("memory"), bytes.len() as u64);
    let second = seek_time(&mut io::Cursor::new(&bytes), TS + 900_000).expect("memory");
    assert!(second > bytes.len() as u64 / 2);
}

#[test]
fn own_container_torn_or_flipped() {
    let bytes = own();
    for cut in 1..bytes.len() {
        match read(&bytes[..cut], "x", 1 << 16, true) {
            Ok((items, ..)) => assert!(items.len() < 104),
            Err(CaptureError::Corrupt { .. }) => panic!("a cut is not damage: {cut}"),
            Err(_) => {}
        }
    }
    for at in (8..bytes.len()).step_by(3) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        // Whatever it says, it never says that all is well with other frames.
        if let Ok((items, ..)) = read(&flipped, "x", 1 << 16, false) {
            assert_eq!(items, all(&bytes, "x"), "byte {at}");
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn compression_members_cuts_and_garbage() {
    let text = CRYPTOFEED.as_bytes();
    let (first, second) = text.split_at(100);
    let two = [gzip(first), gzip(b""), gzip(second)].concat();
    assert_eq!(read(&two, "x", 64, false).expect("members").0, all(text, "x"));
    let frames =
        [zstd::bulk::compress(first, 1).expect("memory"), zstd::bulk::compress(second, 1).expect("memory")];
    assert_eq!(read(&frames.concat(), "x", 64, false).expect("frames").0, all(text, "x"));
    // Only one collector leaves the end of its old file behind a whole member.
    let followed = |text: &[u8]| [gzip(text), b"old bytes of a longer file".to_vec()].concat();
    let collected = format!("{TS} {{\"a\":1}}\n{TS} {{\"b\":2}}\n");
    let (items, framed, overhead) = read(&followed(collected.as_bytes()), "x", 64, false).expect("garbage");
    assert_eq!((items, framed + overhead), (all(collected.as_bytes(), "x"), collected.len() as u64));
    let result = read(&followed(text), "x", 64, true).map(drop);
    assert!(matches!(result, Err(CaptureError::Corrupt { .. })), "{result:?}");
    for whole in [gzip(text), zstd::bulk::compress(text, 1).expect("memory")] {
        let cut = &whole[..whole.len() - 9];
        let result = read(cut, "x", 64, false).map(drop);
        assert!(matches!(result, Err(CaptureError::Truncated { .. })), "{result:?}");
        match read(cut, "x", 64, true) {
            Ok((kept, ..)) => assert!(all(text, "x").starts_with(&kept)),
            // zstd gives nothing of a frame this small.
            Err(error) => assert!(matches!(error, CaptureError::Truncated { offset: 0 })),
        }
    }
    let mut flipped = gzip(text);
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    assert!(matches!(read(&flipped, "x", 1 << 16, false), Err(CaptureError::Corrupt { .. })));
}

#[test]
fn empty_and_unknown() {
    assert!(matches!(read(b" \n\n", "x", 64, false), Err(CaptureError::Empty)));
    assert!(matches!(probe(Box::new(io::Cursor::new(b"PAR1....".to_vec())), "x"), Ok(None)));
    assert!(matches!(probe(Box::new(io::Cursor::new(b"a,b,c\n1,2,3\n".to_vec())), "x"), Ok(None)));
}

#[test]
fn a_year_beyond_sixty_four_bits_is_a_bad_time() {
    let (items, framed, overhead) =
        read(TARDIS.replace("2021-10-12T00:28:33", "9021-10-12T00:28:33").as_bytes(), "x", 64, false)
            .expect("reads");
    assert_eq!(framed + overhead, TARDIS.len() as u64);
    let bad = FrameKind::Malformed(crate::frame::MalformedReason::BadTimestamp);
    assert_eq!(items.iter().filter(|item| item.0 == bad).count(), 1);
}

#[test]
fn a_line_beyond_the_limit_is_one_reject() {
    let long = "x".repeat(3 << 20);
    let text = format!("1633998512.5: {{\"a\":1}}\n1633998512.5: {long}\n1633998513.5: {{\"b\":1}}\n");
    let (items, framed, overhead) = read(text.as_bytes(), "x", 64 << 10, false).expect("reads");
    assert_eq!(framed + overhead, text.len() as u64);
    assert_eq!(items.len(), 3);
    assert!(matches!(items[1].0, FrameKind::Malformed(crate::frame::MalformedReason::LineTooLong)));
    assert_eq!(items[2].4, "{\"b\":1}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Damage of any kind, blocks of any size: the bytes add up and the frames do not depend on the blocks.
    #[test]
    fn bytes_add_up(which in 0..6_usize, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(), block in 1_usize..300) {
        let hft = format!("{TS} {{\"a\":1}}\n{TS} {{\"b\":2}}\nnoise\n\n{TS} [3]");
        let nd = "{\"e\":1}\n1633998512063 {\"e\":2}\n\n{\"ts\":1633998512063356900,\"msg\":{\"e\":4}}\n";
        let stamped = "{\"topic\":\"t\",\"recv_ts\":1633998512063,\"data\":{}}\n[1633998512063,\"x\\u0041\"]\n\
            {\"ts\":1633998512063,\"stream\":\"a@b\",\"data\":{}}\n";
        let mut bytes = [CRYPTOFEED, TARDIS, &hft, nd, stamped, CSV][which].as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(cut.index(bytes.len()) + 1);
        let small = read(&bytes, "x", block, true);
        let large = read(&bytes, "x", 1 << 20, true);
        match (small, large) {
            (Ok(small), Ok(large)) => {
                prop_assert_eq!(&small.0, &large.0);
                if !small.0.is_empty() {
                    prop_assert_eq!(small.1 + small.2, bytes.len() as u64);
                    prop_assert_eq!(large.1 + large.2, bytes.len() as u64);
                }
            }
            (Err(_), Err(_)) => {}
            other => prop_assert!(false, "blocks decide: {:?}", other.0.is_ok()),
        }
    }
}
