"""The correlation factor as a node."""

from __future__ import annotations

from ...s2st import CorrelationConfig, correlation_factor
from ..core.api import CATEGORY, found_by, io, output
from ..core.domain import domain_input, raw_look
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
                domain_input("Pictures like your source, encoded.", "source_domain"),
                domain_input("Pictures as you want it, encoded."),
                setting(CorrelationConfig, "distance"),
                setting(CorrelationConfig, "sharpness"),
            ],
            outputs=[
                output(CorrelationSocket, "correlation", "One weight per channel."),
                output(io.Image, "chart", "The weights as bars; 1 is the mean."),
            ],
            **found_by("channel weights", "eta"),
        )

    @classmethod
    def execute(cls, source_domain, target_domain, distance, sharpness) -> io.NodeOutput:
        config = config_of(CorrelationConfig, {"distance": distance, "sharpness": sharpness})
        source = raw_look(source_domain, "The source domain")
        target = raw_look(target_domain, "The target domain")
        factor = correlation_factor(source, target, config)
        return io.NodeOutput(
            factor, bar_chart("correlation factor eta", factor.eta.tolist(), "latent channel")
        )


NODES = [Correlation]
