//! `k8s.*`, from what a pod can know without asking the cluster.
//!
//! | attribute | source, the first that has it |
//! |---|---|
//! | `k8s.pod.uid` | variables, the process's cgroup, its mounts |
//! | `k8s.namespace.name` | variables, the file of the service account |
//! | pod, node, container, cluster, owners of the pod | variables |
//!
//! Variables are those that a pod's specification fills by the downward API. There is no standard for their names; read are
//! the conventional `K8S_POD_NAME` and the like, and what manifests commonly use. The host name is not taken for the pod's
//! name: it is cut at 63 characters, may be set to something else, and is the node's in the network of the host.
//!
//! Source: semantic conventions 1.44, "Kubernetes", "Pod".

use super::Resource;
use super::container::{CGROUP, MOUNTINFO};
use super::surroundings::Surroundings;

const NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

const VARIABLES: [(&str, &[&str]); 10] = [
    (
        "k8s.cluster.name",
        &["K8S_CLUSTER_NAME", "KUBERNETES_CLUSTER_NAME"],
    ),
    (
        "k8s.node.name",
        &[
            "K8S_NODE_NAME",
            "KUBERNETES_NODE_NAME",
            "NODE_NAME",
            "OTEL_RESOURCE_ATTRIBUTES_NODE_NAME",
        ],
    ),
    (
        "k8s.pod.name",
        &[
            "K8S_POD_NAME",
            "KUBERNETES_POD_NAME",
            "POD_NAME",
            "OTEL_RESOURCE_ATTRIBUTES_POD_NAME",
        ],
    ),
    ("k8s.pod.ip", &["K8S_POD_IP", "POD_IP", "OTEL_POD_IP"]),
    (
        "k8s.container.name",
        &["K8S_CONTAINER_NAME", "CONTAINER_NAME"],
    ),
    ("k8s.deployment.name", &["K8S_DEPLOYMENT_NAME"]),
    ("k8s.statefulset.name", &["K8S_STATEFULSET_NAME"]),
    ("k8s.daemonset.name", &["K8S_DAEMONSET_NAME"]),
    ("k8s.job.name", &["K8S_JOB_NAME"]),
    ("k8s.cronjob.name", &["K8S_CRONJOB_NAME"]),
];

pub(super) fn detect(found: &mut Resource, around: &Surroundings<'_>) {
    // Names such as NODE_NAME mean something else on a machine that is no node.
    if !is_pod(around) {
        return;
    }
    for (key, variables) in VARIABLES {
        found.put_some(key, around.first_variable(variables).as_deref());
    }
    let namespace = around
        .first_variable(&[
            "K8S_NAMESPACE_NAME",
            "K8S_NAMESPACE",
            "KUBERNETES_NAMESPACE",
            "POD_NAMESPACE",
        ])
        .or_else(|| around.line(NAMESPACE));
    found.put_some("k8s.namespace.name", namespace.as_deref());
    let uid = around
        .first_variable(&[
            "K8S_POD_UID",
            "KUBERNETES_POD_UID",
            "POD_UID",
            "OTEL_RESOURCE_ATTRIBUTES_POD_UID",
        ])
        .or_else(|| of_cgroup(&around.text(CGROUP)?))
        .or_else(|| of_mountinfo(&around.text(MOUNTINFO)?));
    found.put_some("k8s.pod.uid", uid.as_deref());
}

pub(super) fn is_pod(around: &Surroundings<'_>) -> bool {
    around.variable("KUBERNETES_SERVICE_HOST").is_some() || around.has(NAMESPACE)
}

/// `…/pod<uid>/…`, or in a systemd slice `…-pod<uid with underscores>.slice`.
fn of_cgroup(text: &str) -> Option<String> {
    text.split(['/', '\n']).find_map(|part| {
        let part = part.split(':').next()?;
        let part = part.strip_suffix(".slice").unwrap_or(part);
        let (_, uid) = part.rsplit_once("pod")?;
        uid_of(&uid.replace('_', "-"))
    })
}

fn of_mountinfo(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("/kubelet/pods/")?;
    uid_of(rest.split('/').next()?)
}

/// A UUID, or the 32 digits without dashes that static pods have.
fn uid_of(text: &str) -> Option<String> {
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    let dashes = text.bytes().filter(|byte| *byte == b'-').count();
    let is_uid = digits == 32 && digits + dashes == text.len() && (dashes == 0 || dashes == 4);
    is_uid.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Fake, text};
    use super::*;

    const UID: &str = "2c48913c-b29f-11e7-9350-020968147796";

    fn found(fake: Fake) -> Resource {
        let mut found = Resource::default();
        let fake = fake.variable("KUBERNETES_SERVICE_HOST", "10.0.0.1");
        detect(&mut found, &fake.around());
        found
    }

    #[test]
    fn the_downward_api_names_pod_and_node() {
        let fake = Fake::new()
            .variable("K8S_POD_NAME", "api-7d4b9-xk2")
            .variable("NODE_NAME", "node-3")
            .variable("POD_NAMESPACE", "shop")
            .variable("K8S_POD_UID", UID)
            .variable("K8S_DEPLOYMENT_NAME", "api")
            .variable("POD_IP", "10.1.2.3")
            .file(NAMESPACE, "other");
        let pod = found(fake);
        assert_eq!(text(&pod, "k8s.pod.name"), "api-7d4b9-xk2");
        assert_eq!(text(&pod, "k8s.node.name"), "node-3");
        assert_eq!(text(&pod, "k8s.namespace.name"), "shop");
        assert_eq!(text(&pod, "k8s.pod.uid"), UID);
        assert_eq!(text(&pod, "k8s.deployment.name"), "api");
        assert_eq!(text(&pod, "k8s.pod.ip"), "10.1.2.3");
    }

    #[test]
    fn the_namespace_stands_in_a_file_too() {
        assert_eq!(
            text(
                &found(Fake::new().file(NAMESPACE, "shop\n")),
                "k8s.namespace.name"
            ),
            "shop"
        );
    }

    #[test]
    fn the_cgroup_has_the_uid_of_the_pod() {
        for path in [
            format!("/kubepods/besteffort/pod{UID}/abc"),
            format!(
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{}.slice/cri-containerd-1.scope",
                UID.replace('-', "_")
            ),
            format!(
                "/system.slice/containerd.service/kubepods-pod{}.slice:cri-containerd:1",
                UID.replace('-', "_")
            ),
        ] {
            let cgroup = format!("12:pids:/\n11:cpu:{path}\n");
            let pod = found(Fake::new().file(CGROUP, &cgroup));
            assert_eq!(text(&pod, "k8s.pod.uid"), UID, "{path}");
        }
    }

    #[test]
    fn else_the_mounts_have_it() {
        let mounts = format!(
            "1 2 254:1 /var/lib/kubelet/pods/{UID}/etc-hosts /etc/hosts rw - ext4 /dev rw\n"
        );
        let pod = found(Fake::new().file(CGROUP, "0::/\n").file(MOUNTINFO, &mounts));
        assert_eq!(text(&pod, "k8s.pod.uid"), UID);
    }

    #[test]
    fn what_only_looks_like_a_uid_is_none() {
        let pod = found(Fake::new().file(CGROUP, "1:cpu:/podman/pods/podx\n0::/tripod\n"));
        assert!(pod.get("k8s.pod.uid").is_none());
        assert_eq!(uid_of(&"a".repeat(32)), Some("a".repeat(32)));
        assert_eq!(uid_of("a-b"), None);
    }

    #[test]
    fn outside_of_a_cluster_such_variables_mean_something_else() {
        let mut found = Resource::default();
        let fake = Fake::new()
            .variable("NODE_NAME", "built-in")
            .file(CGROUP, &format!("1:cpu:/kubepods/pod{UID}/x\n"));
        detect(&mut found, &fake.around());
        assert_eq!(found, Resource::default());
    }
}
