//! Processor time and memory of a process, as Linux counts them (proc_pid_stat(5), in hundredths of a second, and
//! proc_pid_status(5), in kB).

use anyhow::Context;

/// User and system time of a process and all its threads, in seconds.
///
/// # Errors
/// It is gone.
pub fn cpu_s(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, after_the_name) = stat.rsplit_once(')').context("a process has a name")?;
    let ticks = after_the_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(ticks as f64 / 100.0)
}

/// Of this process, and of its children together: the broker, where this process runs everything else.
///
/// # Errors
/// A child ended meanwhile.
pub fn own_and_children_s() -> anyhow::Result<(f64, f64)> {
    let own = cpu_s(std::process::id())?;
    let mut children = 0.0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let listed = std::fs::read_to_string(task?.path().join("children"))?;
        for child in listed.split_whitespace() {
            children += cpu_s(child.parse()?)?;
        }
    }
    Ok((own, children))
}

/// The most memory that this process ever had, in MB.
///
/// # Errors
/// The system does not say it.
pub fn peak_rss_mb() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kb: f64 = peak.trim().trim_end_matches(" kB").parse()?;
    Ok((kb / 1024.0).round())
}
