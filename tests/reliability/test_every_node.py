"""Every node works as it is wired here, and does nothing to files, processes and connections.

Python's audit hook sees what a node opens, writes, starts, and reads as a pickle.
"""

from outcomes import FINITE, outcome_of
from wires import DEMO, NODES, Wires, family_for, watched

PATIENCE = 60.0  # seconds


def test_it_works_and_writes_into_the_output_folder_alone(comfy, files, thorough, told):
    families = ("eps", DEMO) if thorough else ("eps",)
    for name in sorted(NODES):
        for family in {family_for(name, one) for one in families}:
            wires = Wires(family, files)
            graph = watched(wires, wires.node(name))
            done = outcome_of(comfy, graph, PATIENCE)
            assert done.kind == FINITE, f"{name}, {family}: {done.said}"
    run = comfy.client.run({"1": {"class_type": "TestWatched", "inputs": {}}})
    forbidden, changed = (run.outputs["1"].get(name, []) for name in ("forbidden", "changed"))
    assert forbidden == []
    assert any(one.startswith("os.rename") for one in changed)  # the hook sees
    told("nodes", len(NODES))
    told("files and folders changed in the output and temp folders", len(changed))
    told("anything else that is watched", len(forbidden))
