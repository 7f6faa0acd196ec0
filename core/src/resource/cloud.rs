//! `cloud.*` and `faas.*`, from what the platforms put into variables and files; a metadata server is never asked.
//!
//! | platform | recognised by |
//! |---|---|
//! | AWS Lambda | `AWS_LAMBDA_FUNCTION_NAME` |
//! | AWS ECS | `ECS_CONTAINER_METADATA_URI_V4` or its predecessor; details from `ECS_CONTAINER_METADATA_FILE` if it is set |
//! | Azure Functions, App Service, Container Apps | `FUNCTIONS_EXTENSION_VERSION` and `WEBSITE_SITE_NAME`; `CONTAINER_APP_NAME` |
//! | Google Cloud Run, Functions, App Engine | `K_SERVICE`, `CLOUD_RUN_JOB`; `FUNCTION_TARGET`; `GAE_SERVICE` |
//! | virtual machines: EC2, Azure, Compute Engine | what their firmware says of the maker; of EC2 the instance id too |
//!
//! Source: semantic conventions 1.44, "Cloud", "Function as a Service", "AWS ECS", "Google Cloud Run".

use super::Resource;
use super::surroundings::{Surroundings, bounded};
use crate::trace::OwnedValue;

const FIRMWARE: &str = "/sys/class/dmi/id/";
/// The asset tag that Azure gives the chassis of every virtual machine.
const AZURE_CHASSIS: &str = "7783-7084-3265-9085-8269-3286-77";

/// Attributes and the variables that hold their values.
type Variables = [(&'static str, &'static str)];

const LAMBDA: &Variables = &[
    ("faas.name", "AWS_LAMBDA_FUNCTION_NAME"),
    ("faas.version", "AWS_LAMBDA_FUNCTION_VERSION"),
    ("faas.instance", "AWS_LAMBDA_LOG_STREAM_NAME"),
];
const CLOUD_RUN: &Variables = &[("faas.name", "K_SERVICE"), ("faas.version", "K_REVISION")];
const CLOUD_RUN_JOB: &Variables = &[
    ("faas.name", "CLOUD_RUN_JOB"),
    ("gcp.cloud_run.job.execution", "CLOUD_RUN_EXECUTION"),
];
const APP_ENGINE: &Variables = &[
    ("faas.name", "GAE_SERVICE"),
    ("faas.version", "GAE_VERSION"),
    ("faas.instance", "GAE_INSTANCE"),
];
const APP_SERVICE: &Variables = &[
    ("cloud.region", "REGION_NAME"),
    ("azure.resource_group.name", "WEBSITE_RESOURCE_GROUP"),
    ("deployment.environment.name", "WEBSITE_SLOT_NAME"),
];
const AZURE_FUNCTIONS: &Variables = &[
    ("faas.name", "WEBSITE_SITE_NAME"),
    ("faas.version", "FUNCTIONS_EXTENSION_VERSION"),
    ("faas.instance", "WEBSITE_INSTANCE_ID"),
];
const CONTAINER_APPS: &Variables = &[("cloud.region", "CONTAINER_APP_REGION")];

pub(super) fn detect(found: &mut Resource, around: &Surroundings<'_>) {
    let is_set = |name| around.variable(name).is_some();
    if is_set("AWS_LAMBDA_FUNCTION_NAME") {
        lambda(found, around);
    } else if is_set("ECS_CONTAINER_METADATA_URI_V4") || is_set("ECS_CONTAINER_METADATA_URI") {
        ecs(found, around);
    } else if is_set("WEBSITE_SITE_NAME") {
        azure_site(found, around);
    } else if is_set("CONTAINER_APP_NAME") {
        platform(found, "azure", "azure.container_apps");
        take(found, around, CONTAINER_APPS);
    } else if is_set("K_SERVICE") && is_set("K_REVISION") {
        google(
            found,
            around,
            CLOUD_RUN,
            if is_set("FUNCTION_TARGET") {
                "gcp_cloud_functions"
            } else {
                "gcp_cloud_run"
            },
        );
    } else if is_set("CLOUD_RUN_JOB") {
        google(found, around, CLOUD_RUN_JOB, "gcp_cloud_run");
        put_number(
            found,
            around,
            "gcp.cloud_run.job.task_index",
            "CLOUD_RUN_TASK_INDEX",
            1,
        );
    } else if is_set("GAE_SERVICE") {
        google(found, around, APP_ENGINE, "gcp_app_engine");
    } else {
        virtual_machine(found, around);
    }
}

fn lambda(found: &mut Resource, around: &Surroundings<'_>) {
    platform(found, "aws", "aws_lambda");
    take(found, around, LAMBDA);
    aws_region(found, around);
    put_number(
        found,
        around,
        "faas.max_memory",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        1 << 20,
    );
    if let Some(group) = around.variable("AWS_LAMBDA_LOG_GROUP_NAME") {
        found.put(
            "aws.log.group.names",
            OwnedValue::Array(vec![OwnedValue::Str(group)]),
        );
    }
}

fn aws_region(found: &mut Resource, around: &Surroundings<'_>) {
    let region = around.first_variable(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
    found.put_some("cloud.region", region.as_deref());
}

fn ecs(found: &mut Resource, around: &Surroundings<'_>) {
    platform(found, "aws", "aws_ecs");
    aws_region(found, around);
    match around.variable("AWS_EXECUTION_ENV").as_deref() {
        Some("AWS_ECS_FARGATE") => found.put_text("aws.ecs.launchtype", "fargate"),
        Some("AWS_ECS_EC2") => found.put_text("aws.ecs.launchtype", "ec2"),
        _ => {}
    }
    let file = around.variable("ECS_CONTAINER_METADATA_FILE");
    let content = file.and_then(|file| around.bytes(&file));
    let Some(metadata) =
        content.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
    else {
        return;
    };
    let field = |name: &str| {
        metadata
            .get(name)
            .and_then(|value| value.as_str())
            .map(bounded)
    };
    for (key, name) in [
        ("aws.ecs.task.arn", "TaskARN"),
        ("aws.ecs.task.family", "TaskDefinitionFamily"),
        ("aws.ecs.task.revision", "TaskDefinitionRevision"),
        ("container.id", "ContainerID"),
        ("container.name", "ContainerName"),
        ("container.image.name", "ImageName"),
        ("cloud.availability_zone", "AvailabilityZone"),
    ] {
        found.put_some(key, field(name).as_deref());
    }
    if let Some(arn) = field("TaskARN") {
        task(found, &arn, field("Cluster").as_deref());
    }
}

/// What the ARN of a task says: `arn:aws:ecs:<region>:<account>:task/<cluster>/<id>`, with older agents without the cluster.
fn task(found: &mut Resource, arn: &str, cluster: Option<&str>) {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let [_, partition, _, region, account, path] = parts.as_slice() else {
        return;
    };
    found.put_text("cloud.region", region);
    found.put_text("cloud.account.id", account);
    found.put_some("aws.ecs.task.id", path.rsplit('/').next());
    // The agent gives a name or an ARN.
    match cluster {
        Some(whole) if whole.starts_with("arn:") => found.put_text("aws.ecs.cluster.arn", whole),
        Some(name) => {
            let whole = format!("arn:{partition}:ecs:{region}:{account}:cluster/{name}");
            found.put_text("aws.ecs.cluster.arn", &whole);
        }
        None => {}
    }
}

fn azure_site(found: &mut Resource, around: &Surroundings<'_>) {
    let is_function = around.variable("FUNCTIONS_EXTENSION_VERSION").is_some();
    platform(
        found,
        "azure",
        if is_function {
            "azure.functions"
        } else {
            "azure.app_service"
        },
    );
    take(found, around, APP_SERVICE);
    if is_function {
        take(found, around, AZURE_FUNCTIONS);
        put_number(
            found,
            around,
            "faas.max_memory",
            "WEBSITE_MEMORY_LIMIT_MB",
            1 << 20,
        );
    }
    // `<subscription>+<resource group>-<region>webspace`
    let owner = around.variable("WEBSITE_OWNER_NAME").unwrap_or_default();
    let subscription = owner.split_once('+').map(|(subscription, _)| subscription);
    found.put_some("cloud.account.id", subscription);
    let group = around.variable("WEBSITE_RESOURCE_GROUP");
    let site = around.variable("WEBSITE_SITE_NAME");
    if let (Some(subscription), Some(group), Some(site)) = (subscription, group, site) {
        let id = format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{site}"
        );
        found.put_text("cloud.resource_id", &id);
    }
}

fn google(found: &mut Resource, around: &Surroundings<'_>, variables: &Variables, name: &str) {
    platform(found, "gcp", name);
    take(found, around, variables);
    let project = around.first_variable(&["GOOGLE_CLOUD_PROJECT", "GCP_PROJECT"]);
    found.put_some("cloud.account.id", project.as_deref());
}

/// What the firmware of a virtual machine says. Only files that every user may read.
fn virtual_machine(found: &mut Resource, around: &Surroundings<'_>) {
    let firmware = |name: &str| {
        around
            .line(&format!("{FIRMWARE}{name}"))
            .unwrap_or_default()
    };
    let vendor = firmware("sys_vendor");
    if vendor == "Amazon EC2" || firmware("bios_vendor") == "Amazon EC2" {
        platform(found, "aws", "aws_ec2");
        let instance = Some(firmware("board_asset_tag")).filter(|tag| tag.starts_with("i-"));
        found.put_some("host.id", instance.as_deref());
        found.put_some(
            "host.type",
            Some(firmware("product_name"))
                .filter(|name| name.contains('.'))
                .as_deref(),
        );
    } else if around
        .line("/sys/hypervisor/uuid")
        .is_some_and(|uuid| uuid.starts_with("ec2"))
    {
        // Machines of the older kind, which run on Xen.
        platform(found, "aws", "aws_ec2");
    } else if firmware("product_name") == "Google Compute Engine" {
        platform(found, "gcp", "gcp_compute_engine");
    } else if firmware("chassis_asset_tag") == AZURE_CHASSIS {
        platform(found, "azure", "azure.vm");
    }
}

fn platform(found: &mut Resource, provider: &str, platform: &str) {
    found.put_text("cloud.provider", provider);
    found.put_text("cloud.platform", platform);
}

fn take(found: &mut Resource, around: &Surroundings<'_>, variables: &Variables) {
    for (key, variable) in variables {
        found.put_some(key, around.variable(variable).as_deref());
    }
}

fn put_number(
    found: &mut Resource,
    around: &Surroundings<'_>,
    key: &str,
    variable: &str,
    unit: i64,
) {
    let number = around
        .variable(variable)
        .and_then(|text| text.parse::<i64>().ok());
    if let Some(number) = number.and_then(|number| number.checked_mul(unit)) {
        found.put(key, OwnedValue::Int(number));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Fake, pairs};
    use super::*;

    fn found(fake: &Fake) -> Vec<(String, String)> {
        let mut found = Resource::default();
        detect(&mut found, &fake.around());
        pairs(&found)
    }

    fn check(fake: Fake, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(found(&fake), expected);
    }

    #[test]
    fn a_lambda_function() {
        let fake = Fake::new()
            .variable("AWS_LAMBDA_FUNCTION_NAME", "checkout")
            .variable("AWS_LAMBDA_FUNCTION_VERSION", "7")
            .variable("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/25/[7]abc")
            .variable("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/checkout")
            .variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .variable("AWS_REGION", "eu-central-1");
        check(
            fake,
            &[
                ("cloud.provider", "aws"),
                ("cloud.platform", "aws_lambda"),
                ("faas.name", "checkout"),
                ("faas.version", "7"),
                ("faas.instance", "2026/11/25/[7]abc"),
                ("cloud.region", "eu-central-1"),
                ("faas.max_memory", "134217728"),
                ("aws.log.group.names", "[/aws/lambda/checkout]"),
            ],
        );
    }

    #[test]
    fn an_ecs_task_with_its_metadata_file() {
        let fake = Fake::new()
            .variable("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/x")
            .variable("ECS_CONTAINER_METADATA_FILE", "/opt/ecs/metadata/ecs-container-metadata.json")
            .variable("AWS_EXECUTION_ENV", "AWS_ECS_EC2")
            .file(
                "/opt/ecs/metadata/ecs-container-metadata.json",
                r#"{"Cluster":"default","TaskARN":"arn:aws:ecs:us-west-2:012345678910:task/default/2b88376d","TaskDefinitionFamily":"console","TaskDefinitionRevision":"6","ContainerID":"98e4","ContainerName":"console","ImageName":"app:2","AvailabilityZone":"us-west-2b","HostPublicIPv4Address":"203.0.113.0"}"#,
            );
        check(
            fake,
            &[
                ("cloud.provider", "aws"),
                ("cloud.platform", "aws_ecs"),
                ("aws.ecs.launchtype", "ec2"),
                (
                    "aws.ecs.task.arn",
                    "arn:aws:ecs:us-west-2:012345678910:task/default/2b88376d",
                ),
                ("aws.ecs.task.family", "console"),
                ("aws.ecs.task.revision", "6"),
                ("container.id", "98e4"),
                ("container.name", "console"),
                ("container.image.name", "app:2"),
                ("cloud.availability_zone", "us-west-2b"),
                ("cloud.region", "us-west-2"),
                ("cloud.account.id", "012345678910"),
                ("aws.ecs.task.id", "2b88376d"),
                (
                    "aws.ecs.cluster.arn",
                    "arn:aws:ecs:us-west-2:012345678910:cluster/default",
                ),
            ],
        );
    }

    #[test]
    fn a_damaged_metadata_file_is_no_failure() {
        for content in ["", "{", "[]", "{\"TaskARN\": 7}"] {
            let fake = Fake::new()
                .variable("ECS_CONTAINER_METADATA_URI", "http://169.254.170.2/v3/x")
                .variable("ECS_CONTAINER_METADATA_FILE", "/m.json")
                .file("/m.json", content);
            check(
                fake,
                &[("cloud.provider", "aws"), ("cloud.platform", "aws_ecs")],
            );
        }
    }

    #[test]
    fn azure_sites_and_functions() {
        let site = || {
            Fake::new()
                .variable("WEBSITE_SITE_NAME", "shop")
                .variable("REGION_NAME", "West Europe")
                .variable("WEBSITE_RESOURCE_GROUP", "rg")
                .variable("WEBSITE_SLOT_NAME", "Production")
                .variable("WEBSITE_OWNER_NAME", "0000-11+rg-WestEuropewebspace")
        };
        let common = [
            ("cloud.region", "West Europe"),
            ("azure.resource_group.name", "rg"),
            ("deployment.environment.name", "Production"),
        ];
        let id = "/subscriptions/0000-11/resourceGroups/rg/providers/Microsoft.Web/sites/shop";
        let mut expected = vec![
            ("cloud.provider", "azure"),
            ("cloud.platform", "azure.app_service"),
        ];
        expected.extend(common);
        expected.extend([("cloud.account.id", "0000-11"), ("cloud.resource_id", id)]);
        check(site(), &expected);

        let function = site()
            .variable("FUNCTIONS_EXTENSION_VERSION", "~4")
            .variable("WEBSITE_INSTANCE_ID", "ab12")
            .variable("WEBSITE_MEMORY_LIMIT_MB", "1536");
        let mut expected = vec![
            ("cloud.provider", "azure"),
            ("cloud.platform", "azure.functions"),
        ];
        expected.extend(common);
        expected.extend([
            ("faas.name", "shop"),
            ("faas.version", "~4"),
            ("faas.instance", "ab12"),
            ("faas.max_memory", "1610612736"),
            ("cloud.account.id", "0000-11"),
            ("cloud.resource_id", id),
        ]);
        check(function, &expected);
        check(
            Fake::new().variable("CONTAINER_APP_NAME", "shop"),
            &[
                ("cloud.provider", "azure"),
                ("cloud.platform", "azure.container_apps"),
            ],
        );
    }

    #[test]
    fn google_cloud_run_functions_and_app_engine() {
        let service = || {
            Fake::new()
                .variable("K_SERVICE", "shop")
                .variable("K_REVISION", "shop-00002")
                .variable("GOOGLE_CLOUD_PROJECT", "project-1")
        };
        let expected = |platform| {
            [
                ("cloud.provider", "gcp"),
                ("cloud.platform", platform),
                ("faas.name", "shop"),
                ("faas.version", "shop-00002"),
                ("cloud.account.id", "project-1"),
            ]
        };
        check(service(), &expected("gcp_cloud_run"));
        check(
            service().variable("FUNCTION_TARGET", "main"),
            &expected("gcp_cloud_functions"),
        );
        check(
            Fake::new()
                .variable("CLOUD_RUN_JOB", "nightly")
                .variable("CLOUD_RUN_EXECUTION", "nightly-x7")
                .variable("CLOUD_RUN_TASK_INDEX", "3"),
            &[
                ("cloud.provider", "gcp"),
                ("cloud.platform", "gcp_cloud_run"),
                ("faas.name", "nightly"),
                ("gcp.cloud_run.job.execution", "nightly-x7"),
                ("gcp.cloud_run.job.task_index", "3"),
            ],
        );
        check(
            Fake::new()
                .variable("GAE_SERVICE", "default")
                .variable("GAE_VERSION", "v1"),
            &[
                ("cloud.provider", "gcp"),
                ("cloud.platform", "gcp_app_engine"),
                ("faas.name", "default"),
                ("faas.version", "v1"),
            ],
        );
    }

    #[test]
    fn virtual_machines_are_known_by_their_firmware() {
        let firmware =
            |file: &str, line: &str| Fake::new().file(&format!("{FIRMWARE}{file}"), line);
        check(
            firmware("sys_vendor", "Amazon EC2\n")
                .file("/sys/class/dmi/id/board_asset_tag", "i-07d3cba845e9cdf3e\n")
                .file("/sys/class/dmi/id/product_name", "m5.large\n"),
            &[
                ("cloud.provider", "aws"),
                ("cloud.platform", "aws_ec2"),
                ("host.id", "i-07d3cba845e9cdf3e"),
                ("host.type", "m5.large"),
            ],
        );
        check(
            Fake::new().file(
                "/sys/hypervisor/uuid",
                "ec2e1916-9099-7caf-fd21-012345abcdef\n",
            ),
            &[("cloud.provider", "aws"), ("cloud.platform", "aws_ec2")],
        );
        check(
            firmware("product_name", "Google Compute Engine\n"),
            &[
                ("cloud.provider", "gcp"),
                ("cloud.platform", "gcp_compute_engine"),
            ],
        );
        check(
            firmware("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n"),
            &[("cloud.provider", "azure"), ("cloud.platform", "azure.vm")],
        );
        check(firmware("sys_vendor", "LENOVO\n"), &[]);
        check(Fake::new(), &[]);
    }

    #[test]
    fn an_ordinary_variable_of_a_number_is_ignored_if_it_is_none() {
        let fake = Fake::new()
            .variable("AWS_LAMBDA_FUNCTION_NAME", "f")
            .variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "9223372036854775807");
        assert!(found(&fake).iter().all(|(key, _)| key != "faas.max_memory"));
    }
}
