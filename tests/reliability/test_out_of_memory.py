"""No memory at any call of torch: the core's own error comes through, and the next graph works."""

from health import Health
from wires import NODES, Wires, family_for, inputs_of, is_widget

from tools.comfy_client import GraphFailed

ALL, SOME = 20, 2
NEVER = (2**40, 2**41)
ERROR = "torch.OutOfMemoryError"


def linked(name):
    """Inputs of a node that are given something."""
    return [key for key, about, optional in inputs_of(name) if not (is_widget(about) or optional)]


def armed(name, files, call):
    """The node in a graph that works, but for torch's call of this number inside it."""
    wires = Wires(family_for(name, "eps"), files)
    node = wires.node(name)
    inputs = wires.graph.nodes[node.name]["inputs"]
    key = linked(name)[0]
    inputs[key] = wires.graph.add("TestRunsOut", value=inputs[key], call=call)[0]
    end = wires.graph.add("TestCalls", value=node[0])
    return wires.graph.nodes, end


def calls_of(client, name, files):
    """How many of torch's calls the node makes; some remember, and make fewer the second time."""
    for never in NEVER:
        graph, end = armed(name, files, never)
        (calls,) = client.run(graph).outputs[end.name]["calls"]
    return calls


def ran_out(client, name, files, call):
    """Whether the error came through; where a VAE met it, the core goes on in tiles."""
    graph, _ = armed(name, files, call)
    try:
        client.run(graph)
    except GraphFailed as failed:
        assert failed.exception_type == ERROR, f"{name}: {failed}"
        assert failed.node_type in NODES
        return True
    return False


def test_the_cores_own_error_comes_through(comfy, files, draw, thorough, told):
    count, health, came = ALL if thorough else SOME, Health(comfy), 0
    names = [name for name in sorted(NODES) if linked(name) and not name.startswith("S2ST_Save")]
    draw.shuffle(names)
    assert health.works()
    for name in names[:count]:
        calls = calls_of(comfy.client, name, files)
        came += ran_out(comfy.client, name, files, draw.randint(1, calls))
        assert health.works(), name
    told("errors raised at random calls of torch", count)
    told("came through as the core's own", came)
    told("met by the core's VAE, which went on in tiles", count - came)
    told("good graphs that gave other bits afterwards", 0)
