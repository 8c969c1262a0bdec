//! What tells how much is used of what: the machine, or a test.

use crate::basics::build_error::BuildError;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;
use sysinfo::{
    Disk, DiskRefreshKind, Disks, MINIMUM_CPU_UPDATE_INTERVAL, MemoryRefreshKind, Pid,
    ProcessRefreshKind, ProcessesToUpdate, System,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Memory,
    Process,
    Cpu,
    /// The one that holds this path.
    Disk(PathBuf),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Memory => f.write_str("memory"),
            What::Process => f.write_str("process memory"),
            What::Cpu => f.write_str("CPU"),
            What::Disk(path) => write!(f, "disk {}", path.display()),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    /// Of something that has a size, in bytes.
    Space {
        used: u64,
        total: u64,
    },
    Percent(f64),
}

impl Reading {
    pub(super) fn percent(self) -> f64 {
        match self {
            Reading::Space { total: 0, .. } => 0.0,
            Reading::Space { used, total } => used as f64 / total as f64 * 100.0,
            Reading::Percent(percent) => percent,
        }
    }

    pub(super) fn used(self) -> u64 {
        match self {
            Reading::Space { used, .. } => used,
            Reading::Percent(_) => 0,
        }
    }

    pub(super) fn left(self) -> u64 {
        match self {
            Reading::Space { used, total } => total.saturating_sub(used),
            Reading::Percent(_) => u64::MAX,
        }
    }
}

/// Tells what is used. May block.
pub(super) trait Probe: Send + 'static {
    /// Whether this can be read. Asked before it is.
    fn prepare(&mut self, what: &What) -> Result<(), BuildError>;

    /// `None`: it is not known, or not yet.
    fn read(&mut self, what: &What) -> Option<Reading>;
}

/// The machine that this runs on.
pub(super) struct Machine {
    system: System,
    pid: Option<Pid>,
    cpu: Cpu,
    /// By the path that was asked for.
    disks: HashMap<PathBuf, Disk>,
}

/// How busy the processors are is the difference of two measurements.
enum Cpu {
    Unknown,
    Once { at: Instant },
    Busy { at: Instant, percent: f64 },
}

impl Machine {
    pub(super) fn new() -> Self {
        Machine {
            system: System::new(),
            pid: sysinfo::get_current_pid().ok(),
            cpu: Cpu::Unknown,
            disks: HashMap::new(),
        }
    }

    fn memory(&mut self) -> Reading {
        let ram = MemoryRefreshKind::nothing().with_ram();
        self.system.refresh_memory_specifics(ram);
        let total = self.system.total_memory();
        match self.system.cgroup_limits() {
            // What is counted apart is what cannot be taken back.
            Some(limits) if limits.total_memory < total => Reading::Space {
                used: limits.rss,
                total: limits.total_memory,
            },
            _ => Reading::Space {
                used: total.saturating_sub(self.system.available_memory()),
                total,
            },
        }
    }

    fn process(&mut self) -> Option<Reading> {
        let pid = self.pid?;
        let memory = ProcessRefreshKind::nothing().with_memory().without_tasks();
        let pids = [pid];
        let this = ProcessesToUpdate::Some(&pids);
        self.system.refresh_processes_specifics(this, true, memory);
        let used = self.system.process(pid)?.memory();
        Some(Reading::Space {
            used,
            total: u64::MAX,
        })
    }

    fn cpu(&mut self) -> Option<Reading> {
        let now = Instant::now();
        let enough = |at: Instant| now.duration_since(at) >= MINIMUM_CPU_UPDATE_INTERVAL;
        match self.cpu {
            Cpu::Unknown => {
                self.system.refresh_cpu_usage();
                self.cpu = Cpu::Once { at: now };
            }
            Cpu::Once { at } | Cpu::Busy { at, .. } if enough(at) => {
                self.system.refresh_cpu_usage();
                let percent = f64::from(self.system.global_cpu_usage());
                self.cpu = Cpu::Busy { at: now, percent };
            }
            Cpu::Once { .. } | Cpu::Busy { .. } => {}
        }
        match self.cpu {
            Cpu::Busy { percent, .. } => Some(Reading::Percent(percent)),
            _ => None,
        }
    }

    fn disk(&mut self, path: &Path) -> Option<Reading> {
        let disk = self.disks.get_mut(path)?;
        disk.refresh_specifics(DiskRefreshKind::nothing().with_storage());
        let total = disk.total_space();
        Some(Reading::Space {
            used: total.saturating_sub(disk.available_space()),
            total,
        })
    }
}

impl Probe for Machine {
    fn prepare(&mut self, what: &What) -> Result<(), BuildError> {
        if !sysinfo::IS_SUPPORTED_SYSTEM {
            let text = format!("{what}: cannot be read on this system");
            return Err(BuildError::new(text));
        }
        match what {
            // Nothing to see yet, and the average is to begin with the first look.
            What::Cpu => return Ok(()),
            What::Disk(path) => {
                let disk = find_disk(path)?;
                self.disks.insert(path.clone(), disk);
            }
            What::Memory | What::Process => {}
        }
        match self.read(what) {
            Some(Reading::Space { total, .. }) if total > 0 => Ok(()),
            _ => {
                let text = format!("{what}: the system does not tell how much is used");
                Err(BuildError::new(text))
            }
        }
    }

    fn read(&mut self, what: &What) -> Option<Reading> {
        match what {
            What::Memory => Some(self.memory()),
            What::Process => self.process(),
            What::Cpu => self.cpu(),
            What::Disk(path) => self.disk(path),
        }
    }
}

/// The disk that is mounted nearest above the path. Reads nothing of the others: one may be that of a
/// server that does not answer.
fn find_disk(path: &Path) -> Result<Disk, BuildError> {
    let refused = |why: String| BuildError::new(format!("disk {}: {why}", path.display()));
    let real = path
        .canonicalize()
        .map_err(|error| refused(error.to_string()))?;
    // Windows has two spellings, and mount points come in the shorter one.
    let real = match real.to_str().and_then(|text| text.strip_prefix(r"\\?\")) {
        Some(short) => PathBuf::from(short),
        None => real,
    };
    // What the system makes up is not listed, and would be taken for the disk around it.
    let made_up = ["/proc", "/sys", "/run"];
    let made_up = cfg!(target_os = "linux") && made_up.iter().any(|root| real.starts_with(root));
    let disks: Vec<Disk> =
        Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing()).into();
    // Of several in one place the last one mounted hides the others.
    disks
        .into_iter()
        .filter(|disk| !made_up && real.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().components().count())
        .ok_or_else(|| refused("is on no disk".into()))
}
