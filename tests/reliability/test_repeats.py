"""The same graph gives the same bits, alone and beside another client's."""

import threading
from functools import partial

from wires import DEMO, Wires, watched

from tools.comfy_client import ComfyClient

ALL, SOME = 30, 3
BESIDE, FEW_BESIDE = 5, 2  # graphs of each of two clients
SIZE = 64


def restyled(strength=1.0, wait=0.0):
    """(graph, its end) of the default in one node, on a model that waits a little or not at all."""
    wires = Wires(DEMO, {}, SIZE)
    model = wires.graph.add("TestSlowModel", model=wires.source("MODEL"), seconds=wait)[0]
    node = wires.node("S2ST_Restyle", quality="draft", strength=strength, model=model)
    return watched(wires, node), str(len(wires.graph.nodes) - 1)


def several(strength, count, wait):
    return [restyled(strength + 0.05 * number, wait) for number in range(count)]


def digests_of(client, graphs):
    """(digest, count of previews) of each, one after the other."""
    found = []
    for graph, end in graphs:
        run = client.run(graph)
        found.append((*run.outputs[end]["digest"], len(run.previews)))
    return found


def test_a_graph_gives_the_same_bits_every_time(comfy, thorough, told):
    count, found = ALL if thorough else SOME, set()
    for number in range(count):
        graph, end = restyled(wait=1e-6 * number)  # else the core would not run it again
        run = comfy.client.run(graph)
        assert not any(end in one["nodes"] for one in run.named("execution_cached"))
        found |= {*run.outputs[end]["digest"]}
    assert len(found) == 1
    told("runs of one graph", count)
    told("distinct results among them", len(found))


def test_two_clients_at_once_get_each_its_own(comfy, thorough, told):
    count = BESIDE if thorough else FEW_BESIDE
    other = ComfyClient(comfy.server.address)
    wanted = {
        client: partial(several, base, count)
        for client, base in ((comfy.client, 0.5), (other, 1.0))
    }
    alone = {client: digests_of(client, graphs(0.0)) for client, graphs in wanted.items()}
    beside = {}

    def work(client):
        beside[client] = digests_of(client, wanted[client](1e-6))

    threads = [threading.Thread(target=work, args=(client,)) for client in wanted]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    other.close()
    assert beside == alone
    told("graphs of two clients at once", 2 * count)
    told("with the bits and the previews that each has alone", 2 * count)
