"""Azure's terms and commands."""

from __future__ import annotations

import ipaddress
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.changes import Change
from l2bridge_helpers.clouds.azure_dialect import AzureDialect, parse_table, primary_configuration, table_path
from l2bridge_helpers.clouds.azure_read import nic_of, template_of
from l2bridge_helpers.errors import DataError
from l2bridge_helpers.fabric import Fabric, Instance, Nic, Route
from l2bridge_helpers.filters import NSG, Rule
from l2bridge_helpers.nodes import NodeRow
from tests.azure_values import GROUP, HOME, NETWORK, RANGES, SUBSCRIPTION, arm, raw_nic, raw_scale_set

SPEAKS = AzureDialect()
MACHINE = arm("Microsoft.Compute/virtualMachines/Node-1")
POD_RULE = Rule(
    *(NSG, "cluster-rg/nsg", "allow", 199), allow=True, inbound=True, sources=("10.42.1.0/24",),
    destinations=("10.42.2.0/24", "10.42.4.0/24"), on=(),
)  # fmt: skip
MEMBER = arm("Microsoft.Compute/virtualMachineScaleSets/Pool/virtualMachines/7")
NIC = Nic("cluster-rg/nic", ("10.10.0.4/32", "10.10.0.5/32", "fd00:10::4/128"), "s", NETWORK, forwarding=False)
INSTANCE = Instance(f"{HOME}/node-1", "", "node-1", "", (NIC,))
TABLE = f"{HOME}/pods"
ROUTE = SPEAKS.route(NodeRow("node-1", "10.10.0.4", "10.42.1.0/24"), INSTANCE, NIC, TABLE, "blue")
IN_TABLE = f"--subscription={SUBSCRIPTION} --resource-group=cluster-rg --route-table-name=pods"
NAMED = f"--subscription={SUBSCRIPTION} --resource-group=cluster-rg --name="
HOSTILE = "x; rm -rf $HOME `id` '\"\n--force"


def machine(name: str, group: str = GROUP) -> str:
    return arm(f"Microsoft.Compute/virtualMachines/{name}", group)


# Machines.


@pytest.mark.parametrize(
    ("written", "instance"),
    [
        (f"azure://{MACHINE}", f"{HOME}/node-1"),
        (f"azure://{MACHINE.upper()}", f"{HOME}/node-1"),
        (f"AZURE://{MACHINE.lower()}", f"{HOME}/node-1"),
        (f"azure://{MEMBER}", f"{HOME}/pool/7"),
        (f"azure://{machine('aks_0123', 'MC_rg.(x)')}", f"{SUBSCRIPTION}/mc_rg.(x)/aks_0123"),
    ],
)
def test_every_form_of_a_provider_id_is_read(written: str, instance: str) -> None:
    """Machines, and instances of scale sets, in any letter case."""
    assert SPEAKS.instance_id(written) == instance


@pytest.mark.parametrize(
    "written",
    [
        "",
        "azure://",
        MACHINE,
        f"azure:/{MACHINE}",
        f"azure://{MACHINE}/",
        f"azure://{MACHINE}\n",
        f" azure://{MACHINE}",
        f"azure://{MACHINE}/extensions/x",
        f"azure://{arm('Microsoft.Network/networkInterfaces/nic')}",
        f"azure://{arm('Microsoft.Compute/virtualMachineScaleSets/Pool')}",
        f"azure://{machine('')}",
        f"aws://{MACHINE}",
        "aws:///eu-west-1a/i-0123456789abcdef0",
        "gce://project/zone/node-1",
        f"rke2://{MACHINE}",
        *(f"azure://{machine(name)}" for name in ("..", ".", "a?b", "a%2fb", "a b", "a#b", "é")),
        *(f"azure://{machine('n', group)}" for group in ("..", "a%2f..", "g?x=1", "", "-g")),
        f"azure://{MACHINE.replace(SUBSCRIPTION, '..')}",
        f"azure://{MEMBER.replace('Pool', '..')}",
    ],
)
def test_what_is_no_provider_id_of_azure_names_nothing(written: str) -> None:
    """Nothing is guessed; and what a node says of itself never changes a request's path."""
    assert SPEAKS.instance_id(written) == ""


# Routes.


def test_a_route_leads_to_the_nodes_address() -> None:
    """In its table, under the name that says whose it is."""
    assert (ROUTE.name, ROUTE.destination, ROUTE.next_hop, ROUTE.table, ROUTE.cluster) == (
        "cluster-rg/pods/l2b-blue-10.42.1.0_24",
        "10.42.1.0/24",
        "10.10.0.4",
        TABLE,
        "blue",
    )


@pytest.mark.parametrize(
    ("next_hop", "leads"),
    [
        ("10.10.0.4", True),
        ("10.10.0.5", True),
        ("FD00:10:0::4", True),
        ("10.10.0.6", False),
        ("fd00:10::5", False),
        *((kind, False) for kind in ("None", "Internet", "VnetLocal", "VirtualNetworkGateway", "VirtualAppliance")),
        ("VirtualApplianceEcmp", False),
        ("", False),
        (INSTANCE.id, False),
    ],
)
def test_a_route_leads_home_by_an_address_of_the_interface(next_hop: str, leads: bool) -> None:  # noqa: FBT001 - pytest's
    """Any of its addresses; kinds of next hop are no address."""
    assert SPEAKS.leads_to(next_hop, INSTANCE, NIC) is leads


@pytest.mark.parametrize(
    ("name", "controller"),
    [
        ("rg/table/node-1____10420024", True),
        ("rg/table/NODE____fd000042", True),
        ("rg/table/node-1", False),
        (ROUTE.name, False),
        ("my____group/table/by-hand", False),
        ("rg/my____table/by-hand", False),
    ],
)
def test_a_controllers_route_is_known_by_its_own_name(name: str, controller: bool) -> None:  # noqa: FBT001 - pytest's
    """cloud-provider-azure writes four underscores into it; groups and tables may have them, too."""
    assert SPEAKS.is_route_controller(Route(name, "10.42.0.0/24", "10.10.0.4", TABLE)) is controller


def test_tables_are_marked_while_they_have_routes_of_ours() -> None:
    """Also before the first is made: the tag and the route are one write."""
    assert SPEAKS.marks("blue", ["10.42.0.0/24"]) == {"l2bridge:blue": "blue"}
    assert SPEAKS.marks("blue", [], ["10.42.0.0/24"]) == {"l2bridge:blue": "blue"}
    assert SPEAKS.marks("blue", []) == {}
    assert SPEAKS.own_marks({"l2bridge:blue": "blue", "owner": "ops"}, "blue") == {"l2bridge:blue": "blue"}
    with pytest.raises(DataError, match="ccc"):
        SPEAKS.marks("c" * 257, ["10.42.0.0/24"])


@pytest.mark.parametrize(
    ("kind", "resource", "before", "after", "together"),
    [
        ("route", "r", {}, ROUTE.facts(), TABLE),
        ("route", "r", ROUTE.facts(), {}, TABLE),
        ("claim", TABLE, {}, {}, TABLE),
        ("mark", TABLE, {}, {}, TABLE),
        ("table", TABLE, {}, {}, TABLE),
        ("association", "cluster-rg/main/a", {"table": ""}, {"table": TABLE}, ""),
        ("template", f"{HOME}/pool", {}, {}, ""),
        ("forwarding", "cluster-rg/nic", {}, {}, ""),
        ("forwarding", "cluster-rg/pool/7/nic", {}, {"template": f"{HOME}/pool"}, f"{HOME}/pool"),
    ],
)
def test_what_is_written_together(
    kind: str, resource: str, before: dict[str, object], after: dict[str, object], together: str
) -> None:
    """All rows of a table; the instances of a scale set; everything else alone."""
    assert SPEAKS.together(Change("update", kind, resource, "", before, after, "")) == together


@pytest.mark.parametrize(
    ("name", "ranges"),
    [
        ("VirtualNetwork", (*RANGES, "10.42.0.0/23")),
        ("virtualnetwork", (*RANGES, "10.42.0.0/23")),
        ("Internet", ()),
        ("AzureLoadBalancer", ()),
        ("10.0.0.0/8", ()),
        ("", ()),
    ],
)
def test_virtual_network_is_the_networks_ranges_and_what_routes_lead_to(name: str, ranges: tuple[str, ...]) -> None:
    """No other name is known to hold pods."""
    assert SPEAKS.named_ranges(name, Fabric("azure", NETWORK, cidrs=RANGES), ["10.42.0.0/23"]) == ranges


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("s/g/t", ("s", "g", "t")),
        *((text, ("", "", "")) for text in ("", "s", "s/g", "s/g/", "s/g/t/x")),
    ],
)
def test_a_tables_id_has_three_parts(table: str, parts: tuple[str, str, str]) -> None:
    """What has not is none."""
    assert parse_table(table) == parts


def test_a_tables_path_is_its_arm_id() -> None:
    """As a subnet names it."""
    assert table_path(TABLE) == arm("Microsoft.Network/routeTables/pods", "cluster-rg")


# Commands.


@pytest.mark.parametrize(
    ("next_hop", "hop"),
    [
        ("10.10.0.4", "--next-hop-type=VirtualAppliance --next-hop-ip-address=10.10.0.4"),
        ("fd00:10::4", "--next-hop-type=VirtualAppliance --next-hop-ip-address=fd00:10::4"),
        ("Internet", "--next-hop-type=Internet"),
    ],
)
def test_route_commands(next_hop: str, hop: str) -> None:
    """Each names subscription, group, table and route, and can be run as it stands; an update is one step."""
    route = Route(ROUTE.name, "10.42.1.0/24", next_hop, TABLE)
    named = f"{IN_TABLE} --name=l2b-blue-10.42.1.0_24"
    verb = "az network route-table route"
    assert SPEAKS.create_command(route) == f"{verb} create {named} --address-prefix=10.42.1.0/24 {hop}"
    assert SPEAKS.replace_command(ROUTE, route) == f"{verb} update {named} --address-prefix=10.42.1.0/24 {hop}"
    assert SPEAKS.delete_command(route) == f"{verb} delete {named}"


def test_an_ordinary_interface_is_changed_itself() -> None:
    """By its id, in the letter case that Azure gave it."""
    nic = nic_of(raw_nic())
    path = arm("Microsoft.Network/networkInterfaces/node-1-nic")
    assert SPEAKS.enable_command(INSTANCE, nic) == f"az network nic update --ids={path} --ip-forwarding=true"


def test_a_scale_sets_instance_is_brought_up_to_its_model() -> None:
    """Its interface cannot be written."""
    member = Instance(f"{HOME}/pool/7", "", "", "", ())
    nic = Nic("cluster-rg/pool/7/nic", (), "", NETWORK, forwarding=False)
    assert SPEAKS.enable_command(member, nic) == f"az vmss update-instances {NAMED}pool --instance-ids=7"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({}, {"l2bridge:blue": "blue"}, "--operation=Merge --tags l2bridge:blue=blue"),
        ({"l2bridge:blue": "blue"}, {}, "--operation=Delete --tags l2bridge:blue=blue"),
    ],
)
def test_marks_are_merged_and_deleted(before: dict[str, str], after: dict[str, str], told: str) -> None:
    """Other tags are left alone."""
    assert SPEAKS.mark_command(TABLE, before, after) == f"az tag update --resource-id={table_path(TABLE)} {told}"


def test_a_table_is_made_with_its_marks() -> None:
    """In the network's region; the tags as JSON, because `az` takes no colon in the other form there."""
    assert SPEAKS.table_command(TABLE, "westeurope", {"l2bridge:blue": "blue"}) == (
        f"az network route-table create {NAMED}pods --location=westeurope "
        """'--tags={"l2bridge:blue": "blue"}'"""
    )


def test_a_subnet_is_given_a_table() -> None:
    """By its id: it can be in another group than the network."""
    assert SPEAKS.associate_command("net-rg/main/a", TABLE) == (
        f"az network vnet subnet update --subscription={SUBSCRIPTION} --resource-group=net-rg --vnet-name=main "
        f"--name=a --route-table={table_path(TABLE)}"
    )


@pytest.mark.parametrize(("interfaces", "place"), [(({},), 0), (({}, {"primary": True}), 1), (({}, {}), 0)])
def test_a_model_is_changed_at_its_primary_interface(interfaces: tuple[dict[str, object], ...], place: int) -> None:
    """That is where its machines have their address."""
    template = template_of(raw_scale_set(*interfaces))
    path = f"virtualMachineProfile.networkProfile.networkInterfaceConfigurations[{place}].enableIPForwarding=true"
    assert SPEAKS.template_command(template) == f"az vmss update {NAMED}pool --set '{path}'"


@pytest.mark.parametrize(
    ("told", "place"), [({}, 0), ({"primaryConfiguration": "1"}, 0), ({"primaryConfiguration": 2}, 2)]
)
def test_a_model_that_does_not_say_has_its_first_interface(told: dict[str, object], place: int) -> None:
    """As where there is but one."""
    assert primary_configuration(told) == place


@pytest.mark.parametrize(("inbound", "direction"), [(True, "Inbound"), (False, "Outbound")])
def test_a_rule_lets_pods_through(inbound: bool, direction: str) -> None:  # noqa: FBT001 - pytest's
    """All protocols and ports, in its place and direction."""
    assert SPEAKS.pass_command(Fabric("azure", NETWORK), replace(POD_RULE, inbound=inbound)) == (
        f"az network nsg rule create --subscription={SUBSCRIPTION} --resource-group=cluster-rg --nsg-name=nsg "
        f"--name=allow --priority=199 --direction={direction} --access=Allow '--protocol=*' "
        "--source-address-prefixes 10.42.1.0/24 --destination-address-prefixes 10.42.2.0/24 10.42.4.0/24 "
        "'--destination-port-ranges=*'"
    )


def _commands(name: str) -> list[str]:
    """Return every command about things that are called so."""
    rule = Rule(NSG, f"{name}/{name}", name, 1, allow=True, inbound=True, on=())
    route = Route(f"g/t/{name}", name, name, f"{SUBSCRIPTION}/{name}/{name}")
    nic = nic_of({**raw_nic(), "id": name})
    template = template_of({**raw_scale_set({}), "id": name})
    return [
        SPEAKS.create_command(route),
        SPEAKS.replace_command(route, route),
        SPEAKS.delete_command(route),
        SPEAKS.enable_command(INSTANCE, nic),
        SPEAKS.enable_command(Instance(f"s/{name}/p/7", "", "", "", ()), Nic("a/b/c/d", (), "", "", forwarding=False)),
        SPEAKS.mark_command(TABLE, {}, {name: name}),
        SPEAKS.table_command(TABLE, name, {name: name}),
        SPEAKS.associate_command(f"{name}/{name}/{name}", TABLE),
        SPEAKS.template_command(template),
        SPEAKS.pass_command(Fabric("azure", NETWORK), rule),
    ]


def _is_address(text: str) -> bool:
    """Return whether a name would be taken for a next hop's address, which has a command of another form."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


NAMES = (
    st.text(min_size=1, max_size=20).map(lambda text: text.replace("/", "_")).filter(lambda text: not _is_address(text))
)


@given(NAMES | st.just(HOSTILE))
def test_names_survive_the_shell(name: str) -> None:
    """Whatever something is called, the shell hands `az` the same words, and no more of them."""
    plain, named = _commands("x"), _commands(name)
    for one, other in zip(plain, named, strict=True):
        assert len(shlex.split(one)) == len(shlex.split(other))
        assert shlex.split(other)[0] == "az"
    assert f"--name={name}" in shlex.split(named[0])
    assert f"--address-prefix={name}" in shlex.split(named[0])
    assert f"--vnet-name={name}" in shlex.split(named[7])
