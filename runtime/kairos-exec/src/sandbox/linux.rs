//! Landlock for files, signals and TCP; seccomp for sockets and for what could undo the rest.

use super::How;
use super::launch::Order;
use super::places::DEVICES;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, Scope,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
    apply_filter,
};
use std::collections::BTreeMap;
use std::path::Path;

/// The newest version that is made use of, where it is there.
const NEWEST: ABI = ABI::V6;

pub(super) fn available() -> How {
    let supports = |abi: &ABI| {
        let hard = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let access = hard.handle_access(AccessFs::from_all(*abi));
        let net = |set: Ruleset| if *abi >= ABI::V4 { set.handle_access(AccessNet::from_all(*abi)) } else { Ok(set) };
        let scope = |set: Ruleset| if *abi >= ABI::V6 { set.scope(Scope::from_all(*abi)) } else { Ok(set) };
        access.and_then(net).and_then(scope).and_then(|set| set.create()).is_ok()
    };
    let all = [ABI::V6, ABI::V5, ABI::V4, ABI::V3, ABI::V2, ABI::V1];
    let seccomp = std::fs::read_to_string("/proc/self/status").is_ok_and(|text| text.contains("\nSeccomp:"));
    How {
        landlock: all.iter().find(|abi| supports(abi)).map_or(0, |abi| *abi as u32),
        seccomp: seccomp && TargetArch::try_from(std::env::consts::ARCH).is_ok(),
        seatbelt: false,
    }
}

/// Takes away, for good, from this thread and all it starts, what the order does not give it.
pub(super) fn confine(order: &Order) -> Result<(), String> {
    landlock(order).map_err(|e| format!("Landlock: {e}"))?;
    seccomp(order.network).map_err(|e| format!("seccomp: {e}"))
}

fn landlock(order: &Order) -> Result<(), String> {
    let text = |e: landlock::RulesetError| e.to_string();
    let mut set = Ruleset::default().handle_access(AccessFs::from_all(NEWEST)).map_err(text)?;
    if !order.network {
        set = set.handle_access(AccessNet::from_all(NEWEST)).map_err(text)?;
    }
    let mut set = set.scope(Scope::from_all(NEWEST)).map_err(text)?.create().map_err(text)?;
    let mut add = |path: &Path, access: landlock::BitFlags<AccessFs>| {
        // What is not there needs no rule.
        let Ok(fd) = PathFd::new(path) else { return Ok(()) };
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(NEWEST) };
        (&mut set).add_rule(PathBeneath::new(fd, access)).map(drop).map_err(text)
    };
    let (read, all) = (AccessFs::from_read(NEWEST), AccessFs::from_all(NEWEST));
    order.readable.iter().try_for_each(|path| add(path, read))?;
    order
        .writable
        .iter()
        .try_for_each(|path| add(path, all & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev)))?;
    DEVICES.iter().try_for_each(|path| add(path.as_ref(), read | AccessFs::WriteFile | AccessFs::IoctlDev))?;
    let status = set.restrict_self().map_err(text)?;
    if status.ruleset == RulesetStatus::NotEnforced || !status.no_new_privs {
        return Err("it is not enforced".into());
    }
    Ok(())
}

/// Calls that nothing needs which builds or tests software, and that reach around the rest.
const REFUSED: &[i64] = &[
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    // Has sockets of its own, which no filter sees.
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_move_mount,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

/// The second set of numbers that some kernels for x86-64 have for the same calls.
const X32: i64 = 0x4000_0000;

fn seccomp(network: bool) -> Result<(), String> {
    let text = |e: seccompiler::BackendError| e.to_string();
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    // Unix sockets too: behind them are agents and daemons that do anything for whoever can reach them. Pairs of them are pipes.
    let families: &[i32] = if network { &[libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK] } else { &[] };
    let is_not = |family: &i32| SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, *family as u64);
    let other = families.iter().map(is_not).collect::<Result<Vec<_>, _>>().map_err(text)?;
    let socket = if other.is_empty() { Vec::new() } else { vec![SeccompRule::new(other).map_err(text)?] };
    rules.insert(libc::SYS_socket, socket);
    if cfg!(target_arch = "x86_64") {
        rules.extend(rules.clone().into_iter().map(|(call, rules)| (call | X32, rules)));
    }
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(text)?;
    let refuse = SeccompAction::Errno(libc::EACCES as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).map_err(text)?;
    let program = BpfProgram::try_from(filter).map_err(text)?;
    apply_filter(&program).map_err(|e| e.to_string())
}
