"""The correlation factor as a node."""

from __future__ import annotations

from ...s2st import CorrelationConfig, correlation_factor, look_of
from ..core.api import CATEGORY, io, output
from ..core.latents import normal_samples
from ..core.settings import config_of, setting
from ..core.types import CorrelationSocket
from ..pictures.charts import bar_chart


class Correlation(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_CorrelationFactor",
            display_name="S2ST Correlation Factor",
            category=CATEGORY,
            description="Measures how strongly each latent channel carries the difference between "
            "two domains. The pictures need not be pairs.",
            inputs=[
                io.Latent.Input("source_domain", tooltip="Pictures like your source, encoded."),
                io.Latent.Input("target_domain", tooltip="Pictures as you want it, encoded."),
                setting(CorrelationConfig, "distance"),
                setting(CorrelationConfig, "sharpness"),
            ],
            outputs=[
                output(CorrelationSocket, "correlation", "One weight per channel."),
                output(io.Image, "chart", "The weights as bars; 1 is the mean."),
            ],
        )

    @classmethod
    def execute(cls, source_domain, target_domain, distance, sharpness) -> io.NodeOutput:
        config = config_of(CorrelationConfig, {"distance": distance, "sharpness": sharpness})
        source = normal_samples(source_domain, "The source domain")
        target = normal_samples(target_domain, "The target domain")
        factor = correlation_factor(look_of(source), look_of(target), config)
        return io.NodeOutput(
            factor, bar_chart("correlation factor eta", factor.eta.tolist(), "latent channel")
        )


NODES = [Correlation]
