"""A trained translator from its file: one that comes with the pack, or one of the user's own."""

from __future__ import annotations

from ...s2st.many_to_one.domains import Domain, Kind
from ...s2st.many_to_one.translator import SUFFIX, Translator
from ..core.api import CATEGORY, found_by, io, output
from ..core.files import Trained
from ..core.reports import listed
from ..core.types import TranslatorSocket

FILES = Trained("translator", SUFFIX, "python dev.py train-many-to-one")
KINDS = {Kind.COLOUR: "colour", Kind.GREY: "grey", Kind.LABELS: "label map"}


class LoadTranslator(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        files = FILES.listed() or [FILES.nothing]
        return io.Schema(
            node_id="S2ST_LoadTranslator",
            display_name="S2ST Load Translator",
            category=CATEGORY,
            description="A trained translator between domains, such as photo and label map: no "
            "diffusion model, one pass for each picture.",
            inputs=[
                io.Combo.Input(
                    "file",
                    options=files,
                    default=files[0],
                    tooltip=f"One that comes with this pack, or a file that ends in {SUFFIX} in "
                    "ComfyUI's output or input folder, as train-many-to-one writes it.",
                )
            ],
            outputs=[
                output(TranslatorSocket, "translator", "For S2ST Translate Domain."),
                output(io.String, "domains", "Its domains, with what their pictures are."),
            ],
            **found_by("stargan", "many to one"),
        )

    @classmethod
    def validate_inputs(cls, file=None) -> bool | str:
        return FILES.problem(file) or True

    @classmethod
    def fingerprint_inputs(cls, file) -> str:
        return str(FILES.located(file).stat().st_mtime_ns)

    @classmethod
    def execute(cls, file) -> io.NodeOutput:
        translator = Translator.load(FILES.located(file))
        return io.NodeOutput(translator, listed(list(map(described, translator.plan.domains))))


def described(domain: Domain) -> str:
    """A domain in a line, a label map with its legend."""
    answers = "many answers" if domain.many else "one answer"
    legend = "; ".join(f"{name} {colour}" for name, colour in domain.legend.items())
    return f"{domain.name}: {KINDS[domain.kind]}, {answers}" + (f" ({legend})" if legend else "")


NODES = [LoadTranslator]
