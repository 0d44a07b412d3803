"""What the other tests of this folder have found, each by its own name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from l2bridge_helpers import plan
from l2bridge_helpers.changes import Change, Plan
from l2bridge_helpers.clouds.azure_names import has_names
from l2bridge_helpers.errors import CloudError, KubernetesError, ParameterError
from l2bridge_helpers.fabric import Instance, Nic
from l2bridge_helpers.flannel import read_net_conf
from l2bridge_helpers.kubeconfig import KubeTarget, cluster_of
from l2bridge_helpers.lab import world
from l2bridge_helpers.nodes import natural_key
from l2bridge_helpers.saved_run import open_run
from l2bridge_helpers.scope import Scope
from l2bridge_helpers.state import load_state, save_state
from tests.fuzz.tampered import EVERY, Mutation, TamperedLab
from tests.fuzz.whole import values_of
from tests.runs import Run

EC2 = "{http://ec2.amazonaws.com/doc/2016-11-15/}"
NETWORK = "gce /compute/v1/projects/l2bridge-lab/global/networks/cluster-net"
DEEP = "[" * 100_000


def test_names_with_thousands_of_digits_are_sorted() -> None:
    """Python reads no number of more than 4,300 digits; names have no such limit."""
    names = ["n-10", "n-9", "n-09", f"n-{'1' * 5000}", f"n-{'1' * 4999}", "n-\u0661"]
    order = ["n-09", "n-9", "n-10", f"n-{'1' * 4999}", f"n-{'1' * 5000}", "n-\u0661"]
    assert sorted(names, key=natural_key) == order


def test_the_ledger_of_a_vpc_table_is_saved(tmp_path: Path) -> None:
    """On a saved state of AWS, too, our routes are ours: they are not to be marked again."""
    with TamperedLab(world("aws-small")) as lab:
        run = Run(lab, {"routes": True})
        run.apply()
        fabric = run.cloud.observe(run.nodes)
    save_state(tmp_path / "state.json", "aws", run.nodes, fabric)
    found = [
        plan(*state, cluster="lab", scope=Scope(routes=True))
        for state in ((run.nodes, fabric), load_state(tmp_path / "state.json"))
    ]
    assert found[0].hash == found[1].hash
    assert found[1].writes == ()


@pytest.mark.parametrize(("how", "value"), [("remove", None), ("set", ""), ("set", "x"), ("set", "projects/p/x")])
def test_a_network_without_its_link_is_refused(how: str, value: Any) -> None:
    """What is in it could not be told from what is not; the index of an empty path was a traceback."""
    with TamperedLab(world("gce-small")) as lab:
        lab.mutations = [Mutation((NETWORK, ("selfLink",)), EVERY, how, value)]
        with pytest.raises(CloudError, match="network cluster-net: the answer's selfLink"):
            values_of(lab)


def test_an_answer_that_botocore_stumbles_over_is_an_error_of_ours() -> None:
    """Its parser raises what it happens to raise: here `'list' object has no attribute 'text'`."""
    with TamperedLab(world("aws-small")) as lab:
        lab.mutations = [Mutation(("aws DescribeSubnets", (f"{EC2}requestId",)), 0, "repeat")]
        with pytest.raises(CloudError, match=r"could not read subnets: .*AttributeError"):
            values_of(lab)


@pytest.mark.parametrize("status", [200, 400, 503])
def test_an_answer_that_cannot_be_parsed_holds_no_lane(status: int) -> None:
    """What has failed is under way no more: after a few of them a run waited for ever."""
    with TamperedLab(world("aws-small")) as lab:
        values_of(lab)
        lab.raw, lab.status = {"aws DescribeSubnets": b"{}"}, status
        for _ in range(3):
            with pytest.raises(CloudError, match="could not read subnets"):
                values_of(lab)
        lab.raw = {}
        values_of(lab)
        assert lab.adapter._api._pace._width.under_way == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["virtualMachineScaleSets", "networkInterfaces"])
def test_resources_of_azure_without_an_id_are_left_out_and_told(kind: str) -> None:
    """They cannot be asked for, nor changed: unpacking their ids was a traceback."""
    with TamperedLab(world("azure-scale-sets")) as lab:
        values_of(lab)
        lists = [place for place in sorted(lab.places) if place[0].endswith(kind) and place[1] == ("value", "*", "id")]
        lab.mutations = [Mutation(place, 0, "set", "../../etc") for place in lists]
        told = str(values_of(lab)[1].table().to_dict())  # type: ignore[attr-defined]  # findings
    assert lists
    assert "has the id '../../etc', which is none" in told


def test_interfaces_without_a_network_are_in_no_network() -> None:
    """Where it is not known which network is meant, interfaces whose own is not known are not in it."""
    nic = Nic("n", ("10.0.0.2/32",), "", "", forwarding=False)
    assert Instance("i", "u", "name", "", (nic,)).nics_in("") == ()


@pytest.mark.parametrize("arm_id", ["", "x", "/subscriptions/s/resourceGroups/g/providers/p/a/b/c/d"])
def test_ids_of_azure_have_as_many_names_as_their_kind(arm_id: str) -> None:
    """A subnet's id is no machine's."""
    assert not has_names(arm_id, 1)


def test_half_a_pair_of_letters_is_saved(tmp_path: Path) -> None:
    r"""JSON may hold `\ud800`, which UTF-8 cannot: a plan with such a name is saved, and is the same when loaded."""
    side = {"destination": "10.42.0.0/24", "next_hop": "\ud800"}
    change = Change("update", "route", "r", "node-\ud800", side, side, "why")
    made = Plan("gce", "lab", "net", (change,))
    made.save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json") == made


@pytest.mark.parametrize("name", ["x" * 300, "~nobody-of-this-name/x", "x\x00y"])
def test_a_run_that_no_file_system_can_hold_is_not_there(name: str, tmp_path: Path) -> None:
    """Looking for it was a traceback."""
    with pytest.raises(ParameterError, match="parameter run"):
        open_run(name, str(tmp_path), "last")
    with pytest.raises(ParameterError, match="parameter run"):
        open_run("run", name, "last")


@pytest.mark.parametrize("name", ["~nobody-of-this-name/config", "x" * 300])
def test_a_kubeconfig_that_cannot_be_there_is_not_there(name: str) -> None:
    """Expanding a user that does not exist was a traceback."""
    from l2bridge_helpers.kube import Kube

    with pytest.raises(KubernetesError, match="parameter kubeconfig: there is no file"):
        Kube(name)


@pytest.mark.parametrize("name", ["a\x1b[31m", "a\nb", " a", "a\u202e", "\ud800"])
def test_a_cluster_is_called_by_what_can_be_seen(name: str) -> None:
    """A kubeconfig's own name for it is judged as the parameter is."""
    with pytest.raises(ParameterError, match="parameter cluster"):
        cluster_of("", KubeTarget("context", name, "https://server"))
    assert cluster_of("", KubeTarget("context", "prod", "https://server")) == "prod"


def test_a_configuration_nested_without_end_is_a_finding() -> None:
    """Flannel's file is text that anyone may have written."""
    assert "not JSON" in read_net_conf("a/b", {"net-conf.json": DEEP}).problem
