//! The id of the container that this process runs in, from what Linux tells a process of itself.
//!
//! With control groups of version 1 the id is the last part of a path in `/proc/self/cgroup`; with version 2 that path is
//! hidden, and the id is in the paths of files that the runtime mounts over `/etc/hostname` and its like
//! (`/proc/self/mountinfo`).

use std::fs::File;
use std::io::Read;

/// A process has some dozens of mounts; what is beyond this is not read.
const MOST_BYTES: u64 = 256 * 1024;

/// `container.id`; `None` outside of a container, or of one that does not show its id.
pub(super) fn id() -> Option<String> {
    let read = |path: &str| {
        let mut text = String::new();
        let opened = File::open(path).ok()?;
        opened.take(MOST_BYTES).read_to_string(&mut text).ok()?;
        Some(text)
    };
    let of_cgroup = read("/proc/self/cgroup").and_then(|text| in_cgroups(&text));
    of_cgroup.or_else(|| read("/proc/self/mountinfo").and_then(|text| in_mounts(&text)))
}

/// `4:memory:/kubepods/pod7/cri-containerd-<id>.scope`.
fn in_cgroups(text: &str) -> Option<String> {
    let last_parts = text.lines().filter_map(|line| line.rsplit('/').next());
    last_parts
        .map(|part| part.strip_suffix(".scope").unwrap_or(part))
        .map(|part| part.rsplit(['-', ':']).next().unwrap_or(part))
        .find(|part| is_id(part))
        .map(str::to_owned)
}

/// `678 655 254:1 /var/lib/docker/containers/<id>/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw`.
fn in_mounts(text: &str) -> Option<String> {
    let files = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
    for line in text.lines() {
        let mut fields = line.split(' ').skip(3);
        let (Some(root), Some(mounted)) = (fields.next(), fields.next()) else {
            continue;
        };
        let mut parts = root.split('/').zip(root.split('/').skip(1));
        let of_container =
            |(above, part): &(&str, &str)| above.ends_with("containers") && is_id(part);
        if files.contains(&mounted)
            && let Some((_, id)) = parts.find(of_container)
        {
            return Some(id.to_owned());
        }
    }
    None
}

fn is_id(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "dc579f8a8319c8cf7d38e1adf263bc08d23dc579f8a8319c8cf7d38e1adf263b";

    #[test]
    fn the_id_is_the_last_part_of_a_control_groups_path() {
        for path in [
            format!("/docker/{ID}"),
            format!("/kubepods/burstable/pod7/{ID}"),
            format!("/kubepods.slice/kubepods-pod7.slice/cri-containerd-{ID}.scope"),
            format!("/system.slice/docker-{ID}.scope"),
            format!("/system.slice/containerd.service/kubepods-pod7.slice:cri-containerd:{ID}"),
        ] {
            let text = format!("12:pids:/\n4:memory:{path}\n");
            assert_eq!(in_cgroups(&text).as_deref(), Some(ID), "{path}");
        }
        for path in [
            "/",
            "/user.slice/session-3.scope",
            "/docker/short",
            "/docker/DC579F8A",
        ] {
            assert_eq!(in_cgroups(&format!("0::{path}\n")), None, "{path}");
        }
        assert_eq!(in_cgroups(""), None);
    }

    #[test]
    fn the_id_is_in_the_path_of_what_the_runtime_mounts() {
        for root in [
            format!("/var/lib/docker/containers/{ID}/hostname"),
            format!("/containers/storage/overlay-containers/{ID}/userdata/hostname"),
        ] {
            let text = format!(
                "22 27 0:21 / /proc rw - proc proc rw\n678 655 254:1 {root} /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n"
            );
            assert_eq!(in_mounts(&text).as_deref(), Some(ID), "{root}");
        }
        // Somebody else's containers, mounted as data.
        let data = format!(
            "678 655 254:1 /var/lib/docker/containers/{ID}/x /data rw - ext4 /dev/vda1 rw\n"
        );
        assert_eq!(in_mounts(&data), None);
        assert_eq!(in_mounts("x\n1 2 3\n"), None);
    }
}
