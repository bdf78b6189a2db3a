//! Where lines go: the vendor's files of one instrument, cut into days or months, and the truth beside them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::archive::{Packed, Packing};
use crate::calendar::{DAY, Date};
use crate::truth::{Arrival, Row, RowType, Truth};
use crate::wire::Text;

/// What one file spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    Day,
    Month,
    Quarter,
}

impl Period {
    /// The time up to which the file of a time goes, ns UTC.
    fn end(self, at: u64) -> u64 {
        let mut next = (at / DAY + 1) * DAY;
        let part = |at: u64| match self {
            Self::Day => at / DAY,
            Self::Month => Date::of(at).month,
            Self::Quarter => (Date::of(at).month - 1) / 3,
        };
        while part(next) == part(at) {
            next += DAY;
        }
        next
    }
}

/// The files of one instrument as its vendor has them.
pub(crate) struct Sheet {
    /// The first line, where there is one.
    pub header: Option<String>,
    /// The path of a file: of this period, with this day in it.
    pub path: Box<dyn Fn(Period, Date) -> String>,
    pub packing: Packing,
}

/// A file that is open.
struct Open {
    path: PathBuf,
    /// Where it begins and ends, ns UTC.
    span: (u64, u64),
    packed: Packed,
    lines: u64,
}

/// Files of one period.
struct Series {
    period: Period,
    open: Option<Open>,
}

/// Everything that a dump is written to.
pub(crate) struct Out<'a> {
    root: &'a Path,
    sheet: Sheet,
    series: Vec<Series>,
    truth: Truth<'a>,
    text: Text,
    /// Paths of files that are whole, relative to the root.
    pub files: Vec<PathBuf>,
    pub lines: u64,
    pub bytes: u64,
    /// First and last time of a line, ns UTC.
    pub span: Option<(u64, u64)>,
}

impl<'a> Out<'a> {
    pub fn new(root: &'a Path, periods: &[Period], truth: Option<&'a mut dyn Write>) -> Self {
        Self {
            root,
            sheet: Sheet { header: None, path: Box::new(|_, _| String::new()), packing: Packing::Gzip },
            series: periods.iter().map(|period| Series { period: *period, open: None }).collect(),
            truth: Truth::new(truth, 0),
            text: Text::default(),
            files: Vec::new(),
            lines: 0,
            bytes: 0,
            span: None,
        }
    }

    /// Goes on with the files of another instrument.
    pub fn turn_to(&mut self, sheet: Sheet) -> io::Result<()> {
        self.close()?;
        self.sheet = sheet;
        Ok(())
    }

    /// Adds a line to the files that a time belongs to; `write` writes it, without its end.
    pub fn line(&mut self, at: u64, write: impl Fn(&mut Text)) -> io::Result<()> {
        self.numbered(at, |text, _| write(text))
    }

    /// The same of a line that says its number in its file, from 1.
    pub fn numbered(&mut self, at: u64, write: impl Fn(&mut Text, u64)) -> io::Result<()> {
        let mut text = std::mem::take(&mut self.text);
        self.lines += 1;
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
        for number in 0..self.series.len() {
            let is_open = |open: &Open| (open.span.0..open.span.1).contains(&at);
            if !self.series[number].open.as_ref().is_some_and(is_open) {
                self.begin(number, at)?;
            }
            if let Some(open) = &mut self.series[number].open {
                open.lines += 1;
                text.clear();
                write(&mut text, open.lines);
                text.raw("\n");
                open.packed.write(text.bytes())?;
            }
        }
        self.bytes += text.bytes().len() as u64;
        self.text = text;
        Ok(())
    }

    /// Adds a row of the truth, whose receive time is its event time.
    pub fn row(
        &mut self,
        kind: RowType,
        id: &str,
        at: u64,
        write: impl FnOnce(&mut Row<'_>),
    ) -> io::Result<()> {
        self.row_received(kind, id, (at, at), write)
    }

    /// Adds a row of the truth; `times` are of the event and of its receiving.
    pub fn row_received(
        &mut self,
        kind: RowType,
        id: &str,
        times: (u64, u64),
        write: impl FnOnce(&mut Row<'_>),
    ) -> io::Result<()> {
        self.truth.row(kind, id, times, Arrival::InOrder, write)
    }

    fn begin(&mut self, number: usize, at: u64) -> io::Result<()> {
        self.end(number)?;
        let period = self.series[number].period;
        let path = PathBuf::from((self.sheet.path)(period, Date::of(at)));
        let mut packed = Packed::create(&self.root.join(&path), self.sheet.packing)?;
        if let Some(header) = &self.sheet.header {
            packed.write(format!("{header}\n").as_bytes())?;
        }
        let span = (at / DAY * DAY, period.end(at));
        self.series[number].open = Some(Open { path, span, packed, lines: 0 });
        Ok(())
    }

    fn end(&mut self, number: usize) -> io::Result<()> {
        let Some(open) = self.series[number].open.take() else { return Ok(()) };
        let beside = open.packed.finish(&self.root.join(&open.path))?;
        if let Some(line) = beside {
            let path = PathBuf::from(format!("{}.CHECKSUM", open.path.display()));
            fs::write(self.root.join(&path), line)?;
            self.files.push(path);
        }
        self.files.push(open.path);
        Ok(())
    }

    /// Ends the files that are open.
    pub fn close(&mut self) -> io::Result<()> {
        (0..self.series.len()).try_for_each(|number| self.end(number))
    }

    /// The truth, to be ended.
    pub fn into_truth(self) -> Truth<'a> {
        self.truth
    }
}
