import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.clouds.gce_dialect import GceDialect, instance_path, parse_instance, parse_network
from l2bridge_helpers.clouds.gce_names import rule_owner
from l2bridge_helpers.fabric import Fabric, Instance, Route
from l2bridge_helpers.filters import Rule
from l2bridge_helpers.nodes import node_rows
from tests.builders import (
    CLUSTER,
    NETWORK,
    PROJECT,
    ZONE,
    address,
    fabric,
    foreign_route,
    instance,
    node_item,
    nodes,
    numbered_fabric,
    numbered_instance,
    own_routes,
    pod_cidr,
)

GCE = GceDialect()
HOST = "projects/host-project/global/networks/shared"
HOSTILE = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=20)
NASTY = ("a;gcloud", "$(gcloud x)", "`gcloud x`", "a b", "it's", 'say "x"', "a&&gcloud", "a\nb", "--flag", "*", "~")


def enable_command(machine: Instance) -> str:
    return GCE.enable_command(machine, machine.nics[0])


def route_of(cidr: str, network: Fabric) -> Route:
    row = node_rows(nodes(node_item("node-1", address(1), cidr)))[0]
    machine = network.instances[0]
    return GCE.route(row, machine, machine.nics[0], network.network, CLUSTER)


# Ids.


def test_platform_speaks_its_dialect() -> None:
    """A fabric's platform leads to its dialect."""
    assert isinstance(dialect_of("gce"), GceDialect)


@pytest.mark.parametrize(
    ("provider_id", "instance_id"),
    [
        ("gce://p/z/n", "projects/p/zones/z/instances/n"),
        ("gce://example.com:p/z/n", "projects/example.com:p/zones/z/instances/n"),
        ("gce://p/z/n/", ""),
        ("gce:///z/n", ""),
        ("gce://p/z", ""),
        ("gce://p/z/n/x", ""),
        ("aws:///z/n/x", ""),
        ("", ""),
    ],
)
def test_provider_id_is_read_like_the_cloud_provider_does(provider_id: str, instance_id: str) -> None:
    """`^gce://([^/]+)/([^/]+)/([^/]+)$`, which refuses a trailing slash (cloud-provider-gcp, gce_util.go)."""
    assert GCE.instance_id(provider_id) == instance_id


def test_ids_are_taken_apart_again() -> None:
    """What is no id gives empty texts."""
    assert parse_instance(instance_path("p", "z", "n")) == ("p", "z", "n")
    assert parse_instance("10.0.0.2") == ("", "", "")
    assert parse_network(NETWORK) == (PROJECT, "main")
    assert parse_network("main") == ("", "")


# Routes.


def test_route_leads_to_the_instance() -> None:
    """In the instance's own project the next hop is the instance, which survives a change of its address."""
    route = route_of(pod_cidr(1), numbered_fabric(1))
    assert (route.destination, route.next_hop, route.table) == (pod_cidr(1), numbered_instance(1).id, NETWORK)
    assert (route.priority, route.tags, route.cluster, route.node) == (1000, (), CLUSTER, "node-1")


@pytest.mark.parametrize(("cidr", "hop"), [(pod_cidr(1), address(1)), ("fd00:42::/64", "fd00:10::2")])
def test_route_in_a_shared_vpc_leads_to_the_address(cidr: str, hop: str) -> None:
    """Where the network belongs to another project only an address of the CIDR's family is accepted."""
    machines = fabric(instance("node-1", address(1), "fd00:10::2", network=HOST), network=HOST)
    assert (route_of(cidr, machines).next_hop, route_of(cidr, machines).table) == (hop, HOST)


def test_replaced_machine_gets_a_route_of_another_name() -> None:
    """Old and new route can stand side by side, so nothing is cut off in between."""
    moved = fabric(instance("node-1", address(1), zone="europe-west1-c"))
    assert route_of(pod_cidr(1), numbered_fabric(1)).name != route_of(pod_cidr(1), moved).name


@pytest.mark.parametrize(
    ("next_hop", "leads"),
    [
        (numbered_instance(1).id, True),
        (address(1), True),
        ("fd00:10::2", True),
        (numbered_instance(2).id, False),
        (address(2), False),
        ("projects/p/global/gateways/default-internet-gateway", False),
        ("", False),
    ],
)
def test_route_leads_to_a_node_by_instance_or_by_address(next_hop: str, leads: bool) -> None:  # noqa: FBT001 - a table
    """A route whose next hop could not be read leads nowhere."""
    machine = instance("node-1", address(1), "fd00:10::2")
    assert GCE.leads_to(next_hop, machine, machine.nics[0]) is leads


def test_unknown_next_hop_leads_to_nobody() -> None:
    """Also not to a machine that has no IPv6 address: nothing is not an address that both have."""
    machine = numbered_instance(1)
    assert machine.nics[0].primary(6) == ""
    assert not GCE.leads_to("", machine, machine.nics[0])


@pytest.mark.parametrize(("description", "made"), [("k8s-node-route", True), ("", False), ("my k8s-node-route", False)])
def test_routes_of_the_cloud_provider_are_known(description: str, made: bool) -> None:  # noqa: FBT001 - a table
    """cloud-provider-gcp writes just this description."""
    assert GCE.is_route_controller(replace(foreign_route(pod_cidr(1), "x"), description=description)) is made


# Commands: what a shell makes of them is what was meant, whatever the names hold.


def steps(command: str) -> list[list[str]]:
    """Return the words of each command that `&&` joins."""
    found: list[list[str]] = [[]]
    for word in shlex.split(command):
        if word == "&&":
            found.append([])
        else:
            found[-1].append(word)
    return found


def test_forwarding_is_enabled_by_export_and_update() -> None:
    """Without a restart, and with every other property as it was."""
    export, sed, echo, update = steps(enable_command(numbered_instance(1)))
    assert export == [
        *("gcloud", "compute", "instances", "export", "node-1"),
        *(f"--project={PROJECT}", f"--zone={ZONE}", "--destination=node-1.yaml"),
    ]
    assert sed == ["sed", "-i", "/^canIpForward:/d", "node-1.yaml"]
    assert echo == ["echo", "canIpForward: true", ">>", "node-1.yaml"]
    assert update == [
        *("gcloud", "compute", "instances", "update-from-file", "node-1"),
        *(f"--project={PROJECT}", f"--zone={ZONE}", "--source=node-1.yaml", "--most-disruptive-allowed-action=REFRESH"),
    ]


def test_route_to_an_instance_is_created_with_its_zone() -> None:
    """As gcloud wants it."""
    route = route_of(pod_cidr(1), numbered_fabric(1))
    assert shlex.split(GCE.create_command(route)) == [
        *("gcloud", "compute", "routes", "create", route.name, f"--project={PROJECT}", "--network=main"),
        *(f"--destination-range={pod_cidr(1)}", "--priority=1000"),
        *("--next-hop-instance=node-1", f"--next-hop-instance-zone={ZONE}"),
        f"--description={route.description}",
    ]


def test_route_in_a_shared_vpc_is_created_in_the_host_project() -> None:
    """With an address."""
    machines = fabric(instance("node-1", address(1), network=HOST), network=HOST)
    words = shlex.split(GCE.create_command(route_of(pod_cidr(1), machines)))
    assert {"--project=host-project", "--network=shared", f"--next-hop-address={address(1)}"} < set(words)
    assert not any(word.startswith("--next-hop-instance") for word in words)


def test_route_is_deleted_without_a_question() -> None:
    """In the network's project."""
    route = own_routes(nodes(node_item("node-1", address(1), pod_cidr(1))), numbered_fabric(1))[0]
    assert shlex.split(GCE.delete_command(route)) == [
        *("gcloud", "compute", "routes", "delete", route.name, f"--project={PROJECT}", "--quiet"),
    ]


@pytest.mark.parametrize(
    ("cidrs", "name"),
    [(("10.42.0.0/16", "10.43.0.0/24"), "allow-pods-10-42-0-0-16"), (("fd00:42::/64",), "allow-pods-fd00-42-64")],
)
def test_pods_are_let_in_by_their_ranges(cidrs: tuple[str, ...], name: str) -> None:
    """One rule for each family."""
    assert shlex.split(GCE.allow_command(numbered_fabric(1), cidrs, ())) == [
        *("gcloud", "compute", "firewall-rules", "create", name, f"--project={PROJECT}", "--network=main"),
        *("--direction=INGRESS", "--priority=1000", "--allow=all", f"--source-ranges={','.join(cidrs)}"),
    ]


def test_pods_are_let_out_by_a_rule_before_the_one_that_drops_them() -> None:
    """The rule's place and direction are in its name, so that one for each can be made."""
    words = shlex.split(GCE.allow_command(numbered_fabric(1), ("10.42.0.0/16",), (), inbound=False, number=899))
    assert words[4] == "allow-pods-out-899-10-42-0-0-16"
    assert words[-4:] == ["--direction=EGRESS", "--priority=899", "--allow=all", "--destination-ranges=10.42.0.0/16"]


@pytest.mark.parametrize(
    ("on", "option", "end"),
    [
        (("a", "b"), "--target-tags=a,b", "a-b"),
        (("x@p.iam.gserviceaccount.com",), "--target-service-accounts=x@p.iam.gserviceaccount.com", "x-p-iam-gserv"),
    ],
)
def test_a_rule_for_some_machines_says_for_which(on: tuple[str, ...], option: str, end: str) -> None:
    """By tags or by accounts, also in its name: at one place there may be one for each."""
    words = shlex.split(GCE.allow_command(numbered_fabric(1), ("10.42.0.0/16",), (), number=899, on=on))
    assert (words[-1], words[4].startswith(f"allow-pods-899-10-42-0-0-16-{end}")) == (option, True)


def test_long_names_stay_different() -> None:
    """What is cut off is told apart by a digest; 63 characters are the most."""
    targets = [("t" * 62 + end,) for end in "ab"]
    commands = [GCE.allow_command(numbered_fabric(1), ("10.42.0.0/16",), (), on=on) for on in targets]
    names = {shlex.split(command)[4] for command in commands}
    assert (len(names), {len(name) for name in names}) == (2, {60})


def opening(*ranges: str, cluster: str = CLUSTER) -> Rule:
    return GCE.opening(cluster, numbered_fabric(1), NETWORK, ranges, ())


def test_an_opening_is_for_the_whole_network_and_says_whose_it_is() -> None:
    """Everything from these ranges, for every machine; both parts of the mark are read back as ours."""
    rule = opening("10.42.0.0/16")
    assert (rule.list, rule.allow, rule.inbound, rule.on, rule.protocols) == (NETWORK, True, True, None, ("all",))
    assert rule.sources == ("10.42.0.0/16",)
    assert rule_owner(rule.name, rule.description) == CLUSTER


def test_an_opening_s_commands_do_what_is_sent() -> None:
    """Make it with its mark; change its ranges alone; delete it without a question."""
    old, new = opening("10.42.0.0/16"), opening("10.43.0.0/16", "10.44.0.0/16")
    start = ("gcloud", "compute", "firewall-rules")
    made, changed, gone = (
        shlex.split(GCE.opening_command(numbered_fabric(1), *sides)) for sides in ((None, old), (old, new), (old, None))
    )
    assert made == [
        *(*start, "create", old.name, f"--project={PROJECT}", "--network=main", "--direction=INGRESS"),
        *("--priority=1000", "--allow=all", "--source-ranges=10.42.0.0/16", f"--description={old.description}"),
    ]
    assert changed == [
        *(*start, "update", old.name, f"--project={PROJECT}", "--source-ranges=10.43.0.0/16,10.44.0.0/16")
    ]
    assert gone == [*start, "delete", old.name, f"--project={PROJECT}", "--quiet"]


@given(HOSTILE, HOSTILE, HOSTILE)
def test_names_of_an_instance_are_quoted(project: str, zone: str, name: str) -> None:
    """Every word of the command comes back as it was meant."""
    words = shlex.split(enable_command(instance(name, project=project, zone=zone)))
    assert (words.count(f"--project={project}"), words.count(f"--zone={zone}")) == (2, 2)
    assert {f"--destination={name}.yaml", f"--source={name}.yaml"} <= set(words)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_names_of_a_route_stay_what_they_are_in_a_shell(name: str, description: str, project: str) -> None:
    """Whoever copies the command runs nothing else."""
    table = f"projects/{project}/global/networks/main"
    route = replace(foreign_route(pod_cidr(1), address(1), name=name), description=description, table=table)
    create, delete = shlex.split(GCE.create_command(route)), shlex.split(GCE.delete_command(route))
    assert {name, f"--description={description}", f"--project={project}"} <= set(create)
    assert (len(create), len(delete)) == (11, 7)
    assert delete[4:6] == [name, f"--project={project}"]


@pytest.mark.parametrize("nasty", NASTY)
def test_shell_gives_gcloud_the_very_names(nasty: str, tmp_path: Path) -> None:
    """A real shell runs nothing but what was meant, also with names that are made to do harm."""
    table = f"projects/{nasty}/global/networks/{nasty}"
    route = replace(foreign_route(nasty, address(1), name=nasty), description=nasty, table=table)
    enable = gcloud_calls(enable_command(instance(nasty, project=nasty, zone=nasty)), tmp_path)
    create, delete = (gcloud_calls(command(route), tmp_path) for command in (GCE.create_command, GCE.delete_command))
    allow = gcloud_calls(GCE.allow_command(fabric(network=table), (nasty,), ()), tmp_path)
    assert [call[3] for call in enable] == [nasty, nasty]
    assert [len(call) for call in enable] == [7, 8]
    assert create == [
        [
            *("compute", "routes", "create", nasty, f"--project={nasty}", f"--network={nasty}"),
            *(f"--destination-range={nasty}", "--priority=1000", f"--next-hop-address={address(1)}"),
            f"--description={nasty}",
        ]
    ]
    assert delete == [["compute", "routes", "delete", nasty, f"--project={nasty}", "--quiet"]]
    assert allow[0][-1] == f"--source-ranges={nasty}"


def gcloud_calls(command: str, folder: Path) -> list[list[str]]:
    """Run the command in a shell that knows nothing but a `gcloud` and a `sed` of our own; return gcloud's words."""
    stubs = "gcloud() { printf '%s\\0' \"$@\" END >&3; }; sed() { :; }; "
    calls = folder / "calls"
    calls.touch()
    script = f"exec 3>{shlex.quote(str(calls))}; {stubs}{command}"
    subprocess.run(["/bin/bash", "-c", script], cwd=folder, env={"PATH": ""}, check=False, capture_output=True)
    return [call.split("\0") for call in calls.read_text().split("\0END\0") if call]
