"""Names that break out of something: in tables, pages, pictures, errors, commands and names of files."""

from __future__ import annotations

import base64
import re
import shlex
import xml.etree.ElementTree as ET
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from l2bridge_helpers import errors
from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.clouds.dialects import dialect_of
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route
from l2bridge_helpers.filters import FIREWALL, NSG, SECURITY_GROUP, Rule
from l2bridge_helpers.nodes import NodeRow
from l2bridge_helpers.observed import Template
from l2bridge_helpers.show import shown
from l2bridge_helpers.steps import make_folder
from tests.fuzz.oddities import NAMES
from tests.fuzz.shell import Shell
from tests.fuzz.tampered import EVERY, Mutation, TamperedLab
from tests.fuzz.whole import values_of

WORLDS = ("gce-messy", "aws-messy", "azure-messy", "bare-metal-messy")
ENCODABLE = [name for name in NAMES if "\x00" not in name and "\ud800" not in name]
_NODES = 7
"""So many nodes are renamed at once."""
_TOGETHER = 5
"""So many texts of resources are changed at once: more would mostly end in an error."""
NAMED: dict[str, list[str]] = {
    "gce": ["name", "description", "routeStatus", "tags", "displayName", "nextHopIp"],
    "aws": ["value", "groupName", "description", "privateDnsName", "ruleAction", "ipProtocol", "cidrIp"],
    "azure": ["name", "description", "protocol", "nextHopType", "location", "addressPrefix", "sourceAddressPrefix"],
    "bare_metal": [],
}
FORBIDDEN = {"script", "iframe", "object", "embed", "link", "form", "base", "foreignObject"}


def ids(name: str) -> str:
    return repr(name)[:20]


class _Page(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def check_page(html: str) -> None:
    """Assert that a page runs and fetches nothing, and that its pictures are well-formed and do neither."""
    for tag, attributes in _Page(html).tags:
        assert tag not in FORBIDDEN
        assert not [name for name in attributes if name.startswith("on")]
        source = attributes.get("src") or ""
        assert not source or source.startswith("data:image/svg+xml;base64,")
        if source:
            check_picture(base64.b64decode(source.partition(",")[2]))


def check_picture(svg: bytes) -> None:
    """Assert that a picture is well-formed, and nothing but a picture."""
    for element in ET.fromstring(svg).iter():  # noqa: S314 - it is our own
        assert element.tag.rpartition("}")[2] not in FORBIDDEN
        assert not [name for name in element.attrib if name.startswith("on") or name.endswith("href")]


def check_text(text: str) -> None:
    """Assert that a text does nothing to a terminal, and turns no line around."""
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def renamed(first: int) -> list[Mutation]:
    """Return what gives each node another odd name, beginning with this one of them."""
    at = ("kubernetes /api/v1/nodes", ("items", "*", "metadata", "name"))
    names = [name for name in NAMES if name]
    return [Mutation(at, number, "set", names[(first + number) % len(names)]) for number in range(_NODES)]


def relabelled(lab: TamperedLab, first: int) -> list[Mutation]:
    """Return what gives each name and text of the cloud's resources another odd value."""
    own = [
        place
        for place in lab.known
        if place[1] and place[1][-1].rpartition("}")[2] in NAMED[lab.platform] and not place[0].startswith("kubernetes")
    ]
    return [Mutation(place, EVERY, "set", NAMES[(first + number) % len(NAMES)]) for number, place in enumerate(own)]


@pytest.mark.parametrize("first", range(0, len(NAMES), _NODES))
@pytest.mark.parametrize("where", WORLDS)
def test_odd_names_of_nodes_are_only_shown(where: str, first: int, labs: dict[str, TamperedLab]) -> None:
    """Tables, pages and pictures show them, and do nothing else."""
    lab = labs[where]
    assert check_values(lab, renamed(first)) > 6


@pytest.mark.parametrize("first", [0, len(NAMES) // 2])
@pytest.mark.parametrize("where", WORLDS)
def test_odd_texts_of_resources_are_only_shown(where: str, first: int, labs: dict[str, TamperedLab]) -> None:
    """Names of routes, rules and tags, descriptions, kinds: what the cloud says is no more than a text."""
    lab = labs[where]
    wanted = relabelled(lab, first)
    for start in range(0, len(wanted), _TOGETHER):
        check_values(lab, wanted[start : start + _TOGETHER])


def check_values(lab: TamperedLab, wanted: list[Mutation]) -> int:
    """Assert that what is shown of changed answers, or the error that they end in, is harmless; count the values."""
    lab.mutations, lab.count = wanted, 0
    try:
        values = values_of(lab)
    except errors.L2BridgeError as err:
        check_text(str(err))
        return 0
    finally:
        lab.mutations = ()
    for value in values:
        both = shown(value)
        check_text(both.text)
        check_page(both.html)
    return len(values)


# Commands.


def commands(platform: str, name: str) -> list[str]:
    """Return every command that a dialect can make, with this name wherever one from outside can stand."""
    dialect, part = dialect_of(platform), name.replace("/", "-")
    table, network, machine, subnet = {
        "gce": (f"projects/{part}/global/networks/{part}",) * 2
        + (f"projects/{part}/zones/{part}/instances/x{part[:60]}", f"projects/{part}/regions/r/subnetworks/{part}"),
        "aws": (f"{part}/rtb-{part}", f"{part}/vpc-{part}", f"i-{part}", f"subnet-{part}"),
        "azure": (f"{part}/{part}/{part}",) * 2 + (f"{part}/{part}/{part}/{part}", f"{part}/{part}/{part}"),
        "bare_metal": ("", "the nodes' network", name, name),
    }[platform]
    nic = Nic(
        f"{part}/{part}/{part}/{part}",
        ("10.0.0.2/32",),
        subnet,
        network,
        forwarding=False,
        filters=(name,),
        properties={"id": name},
    )
    plain = replace(nic, id=f"{part}/{part}")
    instance = Instance(machine, name, name, "", (nic,), group=table)
    fabric = Fabric(platform, network, (instance,))
    row = NodeRow(name, "10.0.0.2", "10.42.0.0/24")
    routes = [Route(f"x{name}", "10.42.0.0/24", hop, table, description=name, cluster=name) for hop in (machine, name)]
    if platform != "bare_metal":
        routes.append(dialect.route(row, instance, nic, table, name))
    kind = {"gce": FIREWALL, "aws": SECURITY_GROUP, "azure": NSG}.get(platform, NSG)
    place = {"gce": network, "azure": f"{part}/{part}"}.get(platform, name)
    rule = Rule(
        kind, place, f"x{name}", 7, allow=True, inbound=True, sources=("10.42.0.0/24",), on=(name,), description=name
    )
    marks, cidrs = {f"l2bridge:{name}": name}, ("10.42.0.0/24", "10.43.0.0/24")
    made = [
        dialect.enable_command(instance, nic),
        dialect.enable_command(instance, plain),
        *map(dialect.create_command, routes),
        *map(dialect.delete_command, routes),
        dialect.replace_command(routes[0], routes[-1]),
        dialect.mark_command(table, {}, marks),
        dialect.mark_command(table, marks, {}),
        dialect.allow_command(fabric, cidrs, (nic,), number=5, on=(name,)),
        dialect.allow_command(fabric, cidrs, (nic,), inbound=False),
        dialect.opening_command(fabric, None, rule),
        dialect.opening_command(fabric, rule, replace(rule, sources=cidrs)),
        dialect.opening_command(fabric, rule, None),
        dialect.pass_command(fabric, rule),
        dialect.template_command(Template(table, name, forwarding=False)),
        dialect.table_command(table, name, marks),
        dialect.associate_command(subnet, table),
    ]
    return [command for command in made if command]


TOOLS = {"gce": {"gcloud", "sed"}, "aws": {"aws"}, "azure": {"az"}}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("shell"))


@pytest.mark.parametrize("name", ENCODABLE, ids=ids)
@pytest.mark.parametrize("platform", TOOLS)
def test_commands_start_their_own_tool_and_nothing_else(platform: str, name: str, shell: Shell) -> None:
    """Also in the form in which they are shown, and copied from."""
    made = commands(platform, name)
    assert len(made) > 6
    started = shell.started("\n".join(made))
    assert {call[0] for call in started} <= TOOLS[platform]
    assert len(started) >= len(made)
    changes = [Change("update", "route", name, name, {}, {}, name, command) for command in made]
    copied = re.findall(r"<pre[^>]*>(.*?)</pre>", shown(plan_with(platform, changes)).html, re.DOTALL)
    lines = unescape(copied[0])
    assert lines.count("\n") == len(made) - 1
    assert {call[0] for call in shell.started(lines)} <= TOOLS[platform]
    assert "pwned" not in shell.files()


@pytest.mark.parametrize("name", ENCODABLE, ids=ids)
@pytest.mark.parametrize("platform", TOOLS)
def test_names_reach_the_tools_as_they_are(platform: str, name: str, shell: Shell) -> None:
    """Quoting changes nothing: the tool gets the very words."""
    for command in commands(platform, name):
        words = [word for call in shell.started(command) for word in call]
        quoted = [word for word in shlex.split(command) if word not in ("&&", ">>", "echo")]
        assert [word for word in words if word not in quoted] == []


def plan_with(platform: str, changes: list[Change]) -> Plan:
    facts = {"destination": "10.42.0.0/24", "next_hop": "x"}
    return Plan(platform, "lab", "network", tuple(replace(one, before=facts, after=facts) for one in changes))


# Errors and files.


@pytest.mark.parametrize("kind", [one for one in vars(errors).values() if isinstance(one, type)])
@pytest.mark.parametrize("name", NAMES, ids=ids)
def test_errors_forge_no_lines_of_a_log(name: str, kind: type[Exception]) -> None:
    """Each error is one line, whatever is named in it."""
    if issubclass(kind, errors.L2BridgeError):
        text = str(kind(f"node {name}: is odd"))
        check_text(text)
        assert "\n" not in text


@pytest.mark.parametrize("name", NAMES, ids=ids)
def test_a_run_folder_stays_where_it_belongs(name: str, tmp_path: Path) -> None:
    """A cluster's name makes one folder below the others, whatever is in it."""
    made = make_folder(str(tmp_path / "runs"), name, "gce")
    assert made.parent == tmp_path / "runs"
    assert made.is_dir()
    check_text(made.name)
    assert re.fullmatch(r"[\w.-]+", made.name)
