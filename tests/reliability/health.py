"""Whether a server is as it was: the same bits for a graph that works, and no more memory."""

import psutil
from graphs import Graph, difference, tiny_latent, tiny_model, tiny_prompt

SETTLED = 5  # runs after which what the core loads once is in memory


class Health:
    """Runs one good graph now and then."""

    def __init__(self, comfy):
        self._client = comfy.client
        self._process = psutil.Process(comfy.server.process.pid)
        self._digests, self._held = set(), []

    def works(self):
        """Whether it gives the same bits as ever."""
        graph = Graph()
        prompts = (tiny_prompt(graph, seed) for seed in (3, 5, 4))
        path = difference(graph, tiny_model(graph), tiny_latent(graph), *prompts)
        end = graph.add("TestFinite", value=path[0])
        run = self._client.run(graph.nodes)
        self._digests |= {*run.outputs[end.name]["digest"]}
        self._held.append(self._process.memory_info().rss)
        return len(self._digests) == 1

    @property
    def growth(self):
        """Bytes since the first few runs."""
        settled = self._held[min(SETTLED, len(self._held) // 2) :]
        return settled[-1] - settled[0]
