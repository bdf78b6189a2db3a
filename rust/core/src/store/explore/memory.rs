//! A file system in memory that forgets what was not synced, and that hands out turns to two writers.
//!
//! A folder has entries as they are now and as they are on the disk. A change of entries is pending until a folder
//! that it touches is synced; a rename or exchange over two folders is one change. Changes of different folders may
//! reach the disk in any order: stricter than a journal, which keeps their order. Bytes of a file are on the disk
//! up to where it was synced.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use bytes::Bytes;

use crate::store::{Found, Output, Storage};

type Entries = BTreeMap<String, usize>;

#[derive(Debug, Clone, Hash)]
enum Node {
    Dir { now: Arc<Entries>, kept: Arc<Entries> },
    File { bytes: Arc<Vec<u8>>, synced: usize },
}

/// A change of entries: folder, name, what it stands for then.
type Change = Vec<(usize, String, Option<usize>)>;

/// Everything there is.
#[derive(Debug, Clone)]
pub struct World {
    nodes: Vec<Node>,
    pending: Vec<Change>,
    locks: BTreeSet<usize>,
    /// Whether two folders can change places.
    pub exchanges: bool,
    /// Whether every folder has lain there for an hour.
    pub old: bool,
}

/// What becomes of bytes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsynced {
    Kept,
    Lost,
    Torn,
}

impl World {
    pub fn new() -> Self {
        let root = Node::Dir { now: Arc::default(), kept: Arc::default() };
        let (nodes, pending, locks) = (vec![root], Vec::new(), BTreeSet::new());
        Self { nodes, pending, locks, exchanges: true, old: false }
    }

    fn now(&self, folder: usize) -> io::Result<&Entries> {
        match &self.nodes[folder] {
            Node::Dir { now, .. } => Ok(now),
            Node::File { .. } => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn at(&self, path: &Path) -> io::Result<usize> {
        let mut at = 0;
        for part in path.components() {
            if let Component::Normal(name) = part {
                let name = name.to_str().unwrap_or_default();
                at = *self.now(at)?.get(name).ok_or(ErrorKind::NotFound)?;
            }
        }
        Ok(at)
    }

    /// The folder of a path, and its name in there.
    fn place(&self, path: &Path) -> io::Result<(usize, String)> {
        let name = path.file_name().and_then(|n| n.to_str()).ok_or(ErrorKind::InvalidInput)?;
        Ok((self.at(path.parent().unwrap_or(path))?, name.to_owned()))
    }

    fn change(&mut self, change: Change) {
        for (folder, name, node) in &change {
            set(&mut self.nodes, *folder, name, *node, false);
        }
        self.pending.push(change);
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<usize> {
        let (folder, name) = self.place(path)?;
        if self.now(folder)?.contains_key(&name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.nodes.push(node);
        self.change(vec![(folder, name, Some(self.nodes.len() - 1))]);
        Ok(self.nodes.len() - 1)
    }

    /// Numbers of pending changes that reach the disk when `wanted` do: those before them in the same folders too.
    fn closure(&self, mut wanted: BTreeSet<usize>) -> BTreeSet<usize> {
        let mut folders: BTreeSet<usize> = BTreeSet::new();
        loop {
            let before = wanted.len();
            for at in (0..self.pending.len()).rev() {
                let touched = || self.pending[at].iter().map(|(folder, ..)| *folder);
                let later = wanted.range(at + 1..).flat_map(|n| self.pending[*n].iter());
                folders.clear();
                folders.extend(later.map(|(folder, ..)| *folder));
                if wanted.contains(&at) || touched().any(|folder| folders.contains(&folder)) {
                    wanted.insert(at);
                }
            }
            if wanted.len() == before {
                return wanted;
            }
        }
    }

    fn touching(&self, folder: usize) -> BTreeSet<usize> {
        let touches = |change: &Change| change.iter().any(|(f, ..)| *f == folder);
        self.closure((0..self.pending.len()).filter(|n| touches(&self.pending[*n])).collect())
    }

    fn keep(&mut self, numbers: &BTreeSet<usize>) {
        for number in numbers {
            for (folder, name, node) in &self.pending[*number] {
                set(&mut self.nodes, *folder, name, *node, true);
            }
        }
        let mut number = 0;
        self.pending.retain(|_| {
            number += 1;
            !numbers.contains(&(number - 1))
        });
    }

    /// Its process is killed: the system goes on.
    pub fn killed(&self) -> Self {
        Self { locks: BTreeSet::new(), old: true, ..self.clone() }
    }

    /// Somebody else puts a whole file into a folder, if the folder is there.
    pub fn put(&mut self, path: &Path, bytes: &[u8]) -> bool {
        let node = Node::File { bytes: Arc::new(bytes.to_vec()), synced: bytes.len() };
        self.add(path, node).is_ok()
    }

    fn power_lost(&self, survive: &BTreeSet<usize>, unsynced: Unsynced) -> Self {
        let mut world = self.killed();
        world.keep(survive);
        world.pending.clear();
        for node in &mut world.nodes {
            match node {
                Node::Dir { now, kept } => now.clone_from(kept),
                Node::File { bytes, synced } => {
                    let left = match unsynced {
                        Unsynced::Kept => bytes.len(),
                        Unsynced::Lost => *synced,
                        Unsynced::Torn => *synced + (bytes.len() - *synced) / 2,
                    };
                    if left < bytes.len() {
                        *bytes = Arc::new(bytes[..left].to_vec());
                    }
                    *synced = left;
                }
            }
        }
        world
    }

    /// The power goes, and everything that was not synced.
    pub fn all_lost(&self) -> Self {
        self.power_lost(&BTreeSet::new(), Unsynced::Lost)
    }

    /// What a loss of power may leave: any first part of the pending changes, or those of one folder alone; bytes
    /// kept, lost or torn.
    pub fn power_losses(&self) -> Vec<Self> {
        let count = self.pending.len();
        let mut survivors: BTreeSet<BTreeSet<usize>> = (0..=count).map(|n| (0..n).collect()).collect();
        let folders: BTreeSet<usize> = self.pending.iter().flatten().map(|(folder, ..)| *folder).collect();
        survivors.extend(folders.into_iter().map(|folder| self.touching(folder)));
        survivors.extend((0..count).map(|n| self.closure(BTreeSet::from([n]))));
        let torn = |node: &Node| matches!(node, Node::File { bytes, synced } if *synced < bytes.len());
        let kinds: &[Unsynced] = if self.nodes.iter().any(torn) {
            &[Unsynced::Kept, Unsynced::Lost, Unsynced::Torn]
        } else {
            &[Unsynced::Kept]
        };
        let each = |survive: &BTreeSet<usize>| {
            kinds.iter().map(|k| self.power_lost(survive, *k)).collect::<Vec<_>>()
        };
        survivors.iter().flat_map(each).collect()
    }

    /// A number that differs where anything differs that a later opener, or a later loss of power, could meet.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash_node(0, &mut hasher);
        for change in &self.pending {
            for (folder, name, node) in change {
                (folder, name, node).hash(&mut hasher);
                if let Some(node) = node {
                    self.hash_node(*node, &mut hasher);
                }
            }
        }
        hasher.finish()
    }

    fn hash_node(&self, node: usize, hasher: &mut DefaultHasher) {
        match &self.nodes[node] {
            Node::File { bytes, synced } => (bytes, synced).hash(hasher),
            Node::Dir { now, kept } => {
                for entries in [now, kept] {
                    entries.len().hash(hasher);
                    for (name, inner) in entries.iter() {
                        name.hash(hasher);
                        self.hash_node(*inner, hasher);
                    }
                    if now == kept {
                        break;
                    }
                }
            }
        }
        // Pending changes name folders by number.
        if !self.pending.is_empty() {
            node.hash(hasher);
        }
    }

    /// Every file under `folder`: its path in there and its bytes.
    pub fn files(&self, folder: &Path) -> BTreeMap<PathBuf, Arc<Vec<u8>>> {
        let mut found = BTreeMap::new();
        if let Ok(node) = self.at(folder) {
            self.gather(node, &PathBuf::new(), &mut found);
        }
        found
    }

    fn gather(&self, node: usize, path: &Path, found: &mut BTreeMap<PathBuf, Arc<Vec<u8>>>) {
        match &self.nodes[node] {
            Node::File { bytes, .. } => drop(found.insert(path.to_owned(), Arc::clone(bytes))),
            Node::Dir { now, .. } => {
                now.iter().for_each(|(name, node)| self.gather(*node, &path.join(name), found))
            }
        }
    }
}

fn set(nodes: &mut [Node], folder: usize, name: &str, node: Option<usize>, disk: bool) {
    if let Node::Dir { now, kept } = &mut nodes[folder] {
        let entries = Arc::make_mut(if disk { kept } else { now });
        match node {
            Some(node) => drop(entries.insert(name.to_owned(), node)),
            None => drop(entries.remove(name)),
        }
    }
}

/// Whose turn it is.
#[derive(Debug)]
struct Turns {
    slices: Vec<usize>,
    turn: usize,
    left: usize,
    done: [bool; 2],
}

impl Turns {
    fn hand_over(&mut self) {
        if !self.done[1 - self.turn] {
            self.turn = 1 - self.turn;
        }
        self.left = self.slices.pop().unwrap_or(usize::MAX);
    }
}

type Watch = Box<dyn FnMut(&World) + Send>;
type Meanwhile = Box<dyn FnOnce(&mut World) + Send>;

struct Shared {
    world: Mutex<World>,
    watch: Mutex<Option<Watch>>,
    turns: Option<(Mutex<Turns>, Condvar)>,
    steps: Mutex<(usize, Option<usize>)>,
    meanwhile: Mutex<Option<(usize, Meanwhile)>>,
}

/// A handle on a world, of one writer.
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
    writer: usize,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory of {}", self.writer)
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Memory {
    fn with(world: World, turns: Option<Turns>) -> Self {
        let turns = turns.map(|turns| (Mutex::new(turns), Condvar::new()));
        let (world, steps) = (Mutex::new(world), Mutex::new((0, None)));
        let (watch, meanwhile) = (Mutex::new(None), Mutex::new(None));
        Self { shared: Arc::new(Shared { world, watch, turns, steps, meanwhile }), writer: 0 }
    }

    /// Of one writer.
    pub fn alone(world: World) -> Self {
        Self::with(world, None)
    }

    /// Of two writers, who take turns: the first takes the first number of steps, the second the second, and so on;
    /// after the last number each runs to its end.
    pub fn two(world: World, slices: &[usize]) -> (Self, Self) {
        let mut slices: Vec<usize> = slices.iter().rev().copied().collect();
        let left = slices.pop().unwrap_or(usize::MAX);
        let first = Self::with(world, Some(Turns { slices, turn: 0, left, done: [false; 2] }));
        let second = Self { shared: Arc::clone(&first.shared), writer: 1 };
        (first, second)
    }

    /// Looks at the world after every step that changed it.
    pub fn watch(&self, watch: impl FnMut(&World) + Send + 'static) {
        *held(&self.shared.watch) = Some(Box::new(watch));
    }

    /// Makes the step of this number fail, as a full disk does.
    pub fn fail_at(&self, step: usize) {
        held(&self.shared.steps).1 = Some(step);
    }

    /// Somebody else does something right before the step of this number.
    pub fn meanwhile(&self, step: usize, act: impl FnOnce(&mut World) + Send + 'static) {
        *held(&self.shared.meanwhile) = Some((step, Box::new(act)));
    }

    /// Steps taken.
    pub fn steps(&self) -> usize {
        held(&self.shared.steps).0
    }

    pub fn world(&self) -> World {
        held(&self.shared.world).clone()
    }

    /// This writer has ended.
    pub fn done(&self) {
        if let Some((turns, changed)) = &self.shared.turns {
            let mut turns = held(turns);
            turns.done[self.writer] = true;
            if turns.turn == self.writer {
                turns.hand_over();
            }
            changed.notify_all();
        }
    }

    fn wait(&self) {
        let Some((turns, changed)) = &self.shared.turns else { return };
        let mut turns = held(turns);
        loop {
            if turns.turn != self.writer {
                turns = changed.wait(turns).unwrap_or_else(std::sync::PoisonError::into_inner);
            } else if turns.left == 0 {
                turns.hand_over();
                changed.notify_all();
            } else {
                turns.left -= 1;
                return;
            }
        }
    }

    /// Waits for a lock: the other's turn.
    fn blocked(&self) {
        let (turns, changed) = self.shared.turns.as_ref().expect("a writer alone waits for nobody");
        let mut turns = held(turns);
        assert!(!turns.done[1 - self.writer], "a lock that nobody frees");
        turns.hand_over();
        changed.notify_all();
    }

    fn read<T>(&self, look: impl FnOnce(&World) -> io::Result<T>) -> io::Result<T> {
        self.step(false, |world| look(world))
    }

    fn write<T>(&self, act: impl FnOnce(&mut World) -> io::Result<T>) -> io::Result<T> {
        self.step(true, act)
    }

    fn step<T>(&self, changes: bool, act: impl FnOnce(&mut World) -> io::Result<T>) -> io::Result<T> {
        self.wait();
        let mut world = held(&self.shared.world);
        {
            let mut steps = held(&self.shared.steps);
            steps.0 += 1;
            if steps.1 == Some(steps.0) {
                return Err(ErrorKind::StorageFull.into());
            }
            let mut meanwhile = held(&self.shared.meanwhile);
            if let Some((_, act)) = meanwhile.take_if(|(step, _)| *step == steps.0) {
                act(&mut world);
            }
        }
        let done = act(&mut world);
        if changes && let Some(watch) = held(&self.shared.watch).as_mut() {
            watch(&world);
        }
        done
    }
}

#[derive(Debug)]
pub struct MemoryFile {
    storage: Memory,
    node: usize,
}

impl Write for MemoryFile {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let node = self.node;
        self.storage.write(|world| {
            if let Node::File { bytes, .. } = &mut world.nodes[node] {
                Arc::make_mut(bytes).extend_from_slice(more);
            }
            Ok(more.len())
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output for MemoryFile {
    fn sync(&mut self) -> io::Result<()> {
        let node = self.node;
        self.storage.write(|world| {
            if let Node::File { bytes, synced } = &mut world.nodes[node] {
                *synced = bytes.len();
            }
            Ok(())
        })
    }
}

#[derive(Debug)]
pub struct MemoryLock {
    storage: Memory,
    node: usize,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        held(&self.storage.shared.world).locks.remove(&self.node);
    }
}

fn file() -> Node {
    Node::File { bytes: Arc::default(), synced: 0 }
}

impl Storage for Memory {
    type Input = Bytes;
    type Output = MemoryFile;
    type Lock = MemoryLock;

    fn find(&self, path: &Path) -> io::Result<Found> {
        self.read(|world| {
            Ok(match &world.nodes[world.at(path)?] {
                Node::Dir { .. } => Found { is_dir: true, bytes: 0 },
                Node::File { bytes, .. } => Found { is_dir: false, bytes: bytes.len() as u64 },
            })
        })
    }

    fn is_link(&self, _: &Path) -> bool {
        false
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.read(|world| Ok(world.now(world.at(path)?)?.keys().map(OsString::from).collect()))
    }

    fn open(&self, path: &Path) -> io::Result<Bytes> {
        self.read(|world| match &world.nodes[world.at(path)?] {
            Node::File { bytes, .. } => Ok(Bytes::copy_from_slice(bytes)),
            Node::Dir { .. } => Err(ErrorKind::IsADirectory.into()),
        })
    }

    fn create(&self, path: &Path) -> io::Result<MemoryFile> {
        let node = self.write(|world| world.add(path, file()))?;
        Ok(MemoryFile { storage: self.clone(), node })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.write(|world| {
            let kept = world.touching(world.at(path)?);
            world.keep(&kept);
            Ok(())
        })
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let empty = Node::Dir { now: Arc::default(), kept: Arc::default() };
        self.write(|world| world.add(path, empty)).map(drop)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.write(|world| {
            let (node, (folder, name)) = (world.at(from)?, world.place(to)?);
            if world.now(folder)?.contains_key(&name) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            world.change(vec![(folder, name, Some(node))]);
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.write(|world| {
            let node = world.at(from)?;
            if world.at(to).is_ok_and(|there| matches!(world.nodes[there], Node::Dir { .. })) {
                return Err(ErrorKind::DirectoryNotEmpty.into());
            }
            let ((from, was), (to, is)) = (world.place(from)?, world.place(to)?);
            world.change(vec![(from, was, None), (to, is, Some(node))]);
            Ok(())
        })
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        self.write(|world| {
            if !world.exchanges {
                return Err(ErrorKind::Unsupported.into());
            }
            let (first, second) = (world.at(one)?, world.at(other)?);
            let ((one, a), (other, b)) = (world.place(one)?, world.place(other)?);
            world.change(vec![(one, a, Some(second)), (other, b, Some(first))]);
            Ok(())
        })
    }

    fn remove_tree(&self, path: &Path) -> io::Result<()> {
        if self.find(path)?.is_dir {
            for name in self.list(path)? {
                self.remove_tree(&path.join(name))?;
            }
        }
        self.write(|world| {
            let node = world.at(path)?;
            if matches!(&world.nodes[node], Node::Dir { now, .. } if !now.is_empty()) {
                return Err(ErrorKind::DirectoryNotEmpty.into());
            }
            let (folder, name) = world.place(path)?;
            world.change(vec![(folder, name, None)]);
            Ok(())
        })
    }

    fn lock(&self, path: &Path) -> io::Result<MemoryLock> {
        loop {
            let taken = self.write(|world| {
                let node = world.at(path).or_else(|_| world.add(path, file()))?;
                Ok(world.locks.insert(node).then_some(node))
            })?;
            match taken {
                Some(node) => return Ok(MemoryLock { storage: self.clone(), node }),
                None => self.blocked(),
            }
        }
    }

    fn lock_new(&self, path: &Path) -> io::Result<MemoryLock> {
        let node = self.write(|world| world.add(path, file()))?;
        self.write(|world| {
            world.locks.insert(node);
            Ok(())
        })?;
        Ok(MemoryLock { storage: self.clone(), node })
    }

    fn is_free(&self, path: &Path) -> io::Result<bool> {
        self.read(|world| Ok(!world.locks.contains(&world.at(path)?)))
    }

    fn is_old(&self, _: &Path) -> bool {
        held(&self.shared.world).old
    }
}
