//! `container.id`, from what the kernel shows a process of its container.
//!
//! cgroup v1 has the id in the process's cgroup. In cgroup v2 a container usually sees `0::/` there; Docker and Podman
//! then show it in `mountinfo`, as the place of the files that they mount over `/etc/hostname` and the like. Kubernetes
//! mounts those from the pod, under the id of the pod's sandbox, which is not the container's: better none than that one.
//!
//! Source: semantic conventions 1.44, "Container"; proc_pid_cgroup(5), proc_pid_mountinfo(5).

use super::Resource;
use super::surroundings::Surroundings;

pub(super) const CGROUP: &str = "/proc/self/cgroup";
pub(super) const MOUNTINFO: &str = "/proc/self/mountinfo";

/// Files with which container runtimes mark what they run.
const MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

const ID_DIGITS: usize = 64;

pub(super) fn detect(found: &mut Resource, around: &Surroundings<'_>) {
    found.put_some("container.id", id(around).as_deref());
}

/// Whether this process runs in a container, as far as that shows.
pub(super) fn is_inside(around: &Surroundings<'_>) -> bool {
    MARKS.iter().any(|mark| around.has(mark))
        || around.variable("KUBERNETES_SERVICE_HOST").is_some()
        || id(around).is_some()
}

fn id(around: &Surroundings<'_>) -> Option<String> {
    let cgroup = around.text(CGROUP).and_then(|text| of_cgroup(&text));
    cgroup.or_else(|| of_mountinfo(&around.text(MOUNTINFO)?))
}

/// The last part of a path, without what runtimes put around the id: `docker-<id>.scope`, `cri-containerd:<id>`.
fn of_cgroup(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let path = line.splitn(3, ':').nth(2)?;
        let last = path.rsplit('/').find(|part| !part.is_empty())?;
        let last = last.strip_suffix(".scope").unwrap_or(last);
        let id = last.rsplit([':', '-']).next()?;
        // ECS numbers its tasks' containers: 32 digits, a dash, a decimal number.
        if is_ecs(last) {
            return Some(last.to_owned());
        }
        is_id(id).then(|| id.to_owned())
    })
}

fn of_mountinfo(text: &str) -> Option<String> {
    if text.contains("/kubelet/pods/") || text.contains("/sandboxes/") {
        return None;
    }
    text.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let root = fields.nth(3)?;
        let mounted_at = fields.next()?;
        if !matches!(
            mounted_at,
            "/etc/hostname" | "/etc/hosts" | "/etc/resolv.conf" | "/run/.containerenv"
        ) {
            return None;
        }
        let mut parts = root.split('/');
        parts.find(|part| matches!(*part, "containers" | "overlay-containers"))?;
        parts.find(|part| is_id(part)).map(str::to_owned)
    })
}

fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && is_hex(text)
}

fn is_ecs(text: &str) -> bool {
    text.split_once('-').is_some_and(|(task, number)| {
        task.len() == 32
            && is_hex(task)
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::super::tests::Fake;
    use super::*;
    use crate::trace::OwnedValue;

    const ID: &str = "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605";
    const OTHER: &str = "dc579f8a8319c8cf7d38e1adf263bc08d230602f2dd4a5f7b1c1f1b0c1d2e3f4";

    fn found(fake: &Fake) -> Option<String> {
        let mut found = Resource::default();
        detect(&mut found, &fake.around());
        match found.get("container.id") {
            Some(OwnedValue::Str(id)) => Some(id.clone()),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_cgroup_of_version_1_ends_with_the_id() {
        for path in [
            format!("/docker/{ID}"),
            format!("/system.slice/docker-{ID}.scope"),
            format!("/kubepods/burstable/pod2c48913c-b29f-11e7-9350-020968147796/{ID}"),
            format!("/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope"),
            format!("/kubepods.slice/kubepods-pod1.slice:cri-containerd:{ID}"),
            format!("/machine.slice/libpod-{ID}.scope/"),
            format!("/ecs/55091c13-b8cf-4801-b527-f4601742204d/{ID}"),
        ] {
            let cgroup = format!("13:name=systemd:/\n12:pids:{path}\n");
            assert_eq!(
                found(&Fake::new().file(CGROUP, &cgroup)).as_deref(),
                Some(ID),
                "{path}"
            );
        }
    }

    #[test]
    fn fargate_has_ids_of_its_own() {
        let cgroup = "9:perf_event:/ecs/8f67c2bd6a6b4c48bd7a6b3c1b1c7c8e/8f67c2bd6a6b4c48bd7a6b3c1b1c7c8e-1234567890\n";
        assert_eq!(
            found(&Fake::new().file(CGROUP, cgroup)).as_deref(),
            Some("8f67c2bd6a6b4c48bd7a6b3c1b1c7c8e-1234567890")
        );
    }

    #[test]
    fn a_machine_without_container_has_none() {
        let cgroup = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1234.scope\n1:cpu:/\n:\n";
        assert_eq!(found(&Fake::new().file(CGROUP, cgroup)), None);
        assert_eq!(found(&Fake::new()), None);
        assert!(!is_inside(&Fake::new().file(CGROUP, cgroup).around()));
        let upper = format!("0::/docker/{}\n", ID.to_uppercase());
        assert_eq!(found(&Fake::new().file(CGROUP, &upper)), None);
    }

    #[test]
    fn version_2_shows_it_in_the_mounts() {
        let docker = format!(
            "1 2 0:3 / /proc rw - proc proc rw\n473 456 254:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n"
        );
        let podman = format!(
            "96 8 0:2 /containers/overlay-containers/{ID}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw\n"
        );
        for mounts in [docker, podman] {
            let fake = Fake::new().file(CGROUP, "0::/\n").file(MOUNTINFO, &mounts);
            assert_eq!(found(&fake).as_deref(), Some(ID), "{mounts}");
            assert!(is_inside(&fake.around()));
        }
    }

    #[test]
    fn the_sandbox_of_a_pod_is_not_its_container() {
        let mounts = format!(
            "1 2 254:1 /run/containerd/io.containerd.grpc.v1.cri/sandboxes/{OTHER}/hostname /etc/hostname rw - ext4 /dev rw\n\
             2 2 254:1 /var/lib/kubelet/pods/2c48913c-b29f-11e7-9350-020968147796/etc-hosts /etc/hosts rw - ext4 /dev rw\n"
        );
        let fake = Fake::new().file(CGROUP, "0::/\n").file(MOUNTINFO, &mounts);
        assert_eq!(found(&fake), None);
        let crio = format!(
            "1 2 0:3 /containers/overlay-containers/{OTHER}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw\n\
             2 2 254:1 /var/lib/kubelet/pods/x/etc-hosts /etc/hosts rw - ext4 /dev rw\n"
        );
        assert_eq!(found(&Fake::new().file(MOUNTINFO, &crio)), None);
    }

    #[test]
    fn other_mounts_with_such_a_path_are_not_ours() {
        let mounts = format!(
            "1 2 8:1 /var/lib/docker/containers/{OTHER}/x /data rw - ext4 /dev rw\nshort\n"
        );
        assert_eq!(found(&Fake::new().file(MOUNTINFO, &mounts)), None);
    }
}
